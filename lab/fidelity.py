"""Whether a fused model still is what was trained, and which way of fusing to take: from measured figures alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MOST_NATS = 0.01
"""KL divergence (nats a token) from base + adapter above which a fused model is not the same model any more."""
MOST_OF_EFFECT = 0.05
"""The share of the adapter's own effect, KL(base + adapter || base), that may be lost: what a weak adapter fails by."""
MOST_ANSWERS = 0.01
"""The share of held-out questions the fused model may answer worse by; one answer fewer is never held against it."""
LEAST_EFFECT = 1e-6
"""Nats a token below which an adapter's effect cannot be told from rounding."""


@dataclass(frozen=True)
class Way:
    """One way of fusing as measured: `kl` in nats a supervised token, `top1` the share of tokens whose likeliest next
    token is the same, `exact_match` the share of questions answered right (None where there are none), `bytes` of
    what is saved."""

    name: str
    bytes: int
    kl: float
    top1: float
    exact_match: float | None


@dataclass(frozen=True)
class Fault:
    """One thing that a way loses: its kind, a key of `REASONS`, and the figures in it."""

    kind: str
    figures: Mapping[str, float]

    def __str__(self) -> str:
        return REASONS[self.kind].format_map(self.figures)


REASONS: Final = {
    "outweighed": "rounding outweighs the adapter ({kl:.2g} nats a token against its {effect:.2g})",
    "lost": "{share:.0%} of the adapter's effect is lost",
    "away": "it is {kl:.3g} nats a token away",
    "fewer": "{fewer} of {questions} answers fewer are right",
}


def faults(way: Way, effect: float, exact_match: float | None, questions: int) -> list[Fault]:
    """Why this way loses what was trained; empty if it keeps it.

    `effect` is KL(base + adapter || base) in nats a token, `exact_match` that of base + adapter on so many questions.
    """
    found = []
    if effect >= LEAST_EFFECT and way.kl >= effect:
        found.append(Fault("outweighed", {"kl": way.kl, "effect": effect}))
    elif effect >= LEAST_EFFECT and way.kl > MOST_OF_EFFECT * effect:
        found.append(Fault("lost", {"share": way.kl / effect}))
    if way.kl > MOST_NATS:
        found.append(Fault("away", {"kl": way.kl}))
    if exact_match is not None and way.exact_match is not None:
        fewer = round((exact_match - way.exact_match) * questions)
        if fewer > max(1, MOST_ANSWERS * questions):
            found.append(Fault("fewer", {"fewer": fewer, "questions": questions}))
    return found


def recommend(ways: Sequence[Way], effect: float, exact_match: float | None, questions: int) -> tuple[Way, str]:
    """The smallest of the ways that keep what was trained, else the one nearest to it; and the reason, in words."""
    wrong = {way: " and ".join(map(str, faults(way, effect, exact_match, questions))) for way in ways}
    kept = [way for way in ways if not wrong[way]]
    chosen = min(kept, key=lambda way: way.bytes) if kept else min(ways, key=lambda way: way.kl)
    smaller = [way for way in ways if way.bytes < chosen.bytes]
    if not kept:
        words = f"{chosen.name}: no way keeps what was trained, this comes nearest ({wrong[chosen]})"
    elif smaller:
        why = "; ".join(f"{way.name} is smaller, but {wrong[way]}" for way in smaller)
        words = f"{chosen.name}: {why}"
    else:
        words = f"{chosen.name}: it keeps what was trained ({chosen.kl:.2g} nats a token away) and is the smallest"
    if effect < LEAST_EFFECT:
        words += f"; mind that the adapter itself changes nothing that can be measured ({effect:.1g} nats a token)"
    return chosen, words
