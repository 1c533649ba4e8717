import re
from collections.abc import Mapping
from dataclasses import asdict

import pytest
from rich.cells import cell_len

from lab.runs.state import RunState
from tui.panes.lab import fields
from tui.panes.lab.pane import STATUS
from tui.panes.lab.words import EN, KO, Words

PLACEHOLDER = re.compile(r"{(\w+)}")


def flat(say: Words) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in asdict(say).items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{key}": text for key, text in value.items()}
        else:
            found[name] = value
    return found


def test_both_languages_say_the_same_things() -> None:
    english, korean = flat(EN), flat(KO)
    assert english.keys() == korean.keys()
    assert {key: sorted(PLACEHOLDER.findall(text)) for key, text in english.items()} == {
        key: sorted(PLACEHOLDER.findall(text)) for key, text in korean.items()
    }
    assert all(english.values())
    assert all(korean.values())


def test_korean_sentences_are_polite() -> None:
    """Every Korean sentence ends in 해요체, and none is left in English."""
    for key, text in flat(KO).items():
        if text.endswith("."):
            assert re.search(r"(요|예요|에요)\.$", text), key


@pytest.mark.parametrize("say", [EN, KO], ids=["en", "ko"])
def test_words_cover_fields_states_and_the_narrow_column(say: Words) -> None:
    assert tuple(say.labels) == fields.ORDER == tuple(say.meanings)
    assert set(say.methods) == set(fields.METHODS)
    assert {state for state in RunState if state.ended} == set(STATUS) <= set(say.states)
    assert max(cell_len(label) for label in say.labels.values()) <= 13
    facts = (say.train_loss, say.val_loss, say.best, say.left, say.speed, say.step, say.memory, say.time)
    assert max(cell_len(label) for label in facts) <= 10
