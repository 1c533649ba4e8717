"""How many directions a change of a matrix has, from its singular values alone."""

import math
from collections.abc import Sequence


def effective_rank(values: Sequence[float]) -> float:
    """exp of the entropy of the singular values divided by their sum (Roy & Vetterli, EUSIPCO 2007).

    Between 1 (one direction) and len(values) (all alike); 0 for a matrix of zeros. `values` are not negative.
    """
    total = math.fsum(values)
    if total <= 0:
        return 0.0
    return math.exp(-math.fsum(p * math.log(p) for p in (value / total for value in values) if p > 0))


def directions(values: Sequence[float], share: float) -> int:
    """The fewest of the largest singular values that hold this share (0 to 1) of the energy, the sum of squares."""
    energies = sorted((value * value for value in values), reverse=True)
    wanted, held = share * math.fsum(energies), 0.0
    if wanted <= 0:
        return 0
    for count, energy in enumerate(energies, 1):
        held += energy
        if held >= wanted * (1 - 1e-12):
            return count
    return len(energies)


def energy(values: Sequence[float], count: int) -> float:
    """The share (0 to 1) of the energy that the `count` largest singular values hold; 1 for a matrix of zeros."""
    energies = sorted((value * value for value in values), reverse=True)
    total = math.fsum(energies)
    return math.fsum(energies[:count]) / total if total else 1.0
