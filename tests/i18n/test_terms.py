"""One word for one thing: words that the program does not use, and texts that two languages would tell apart."""

import re

import pytest
from catalogues import texts

BANNED = {
    "en": {
        r"\btalk(s|ing)?\b": "chat",
        r"\bmend(s|ed|ing)?\b": "fix",
        r"\bdatasets?\b": "data set",
        r"\bcheck points?\b": "checkpoint",
        r"\bbench(es)?\b": "view",
        r"\bdev(elopment)? loss\b": "validation loss",
        r"\bstep size\b": "learning rate",
        r"\bhyper-parameters?\b": "hyperparameter",
    },
    "ko": {
        "손실": "loss",
        "시드": "seed",
        "정확도": "정답률",
        "견주기": "비교",
        "학습율": "학습률",
        "데이터셋": "데이터",
        "체크 포인트": "체크포인트",
        "작업대": "화면",
        "하이퍼 파라미터": "하이퍼파라미터",
        "선형 층": "선형 레이어",
    },
}
"""What must not be said, as a pattern, and the one word that is said instead."""

SAME = [
    {"lab.train-loss": "train loss", "runs.info.train": "training loss"},
    {"lab.val-loss": "val loss", "runs.info.val": "validation loss"},
]
"""Short names where a legend has no room for the long one: both have one name in Korean."""


@pytest.mark.parametrize("lang", BANNED)
def test_no_text_has_a_second_word_for_a_thing(lang: str) -> None:
    found = [
        f"{key}: {text!r} has {match[0]!r}; say {instead!r}"
        for key, text in texts(lang).items()
        for word, instead in BANNED[lang].items()
        if (match := re.search(word, text, re.IGNORECASE))
    ]
    assert found == []


@pytest.mark.parametrize("pair", SAME)
def test_a_short_name_and_its_long_one_are_one_thing_in_korean(pair: dict[str, str]) -> None:
    assert {key: texts("en")[key] for key in pair} == pair
    assert len({texts("ko")[key] for key in pair}) == 1


def test_long_texts_that_are_the_same_in_one_language_are_the_same_in_the_other() -> None:
    """Of three words or more: a single word may well have two meanings."""
    for one, other in (("en", "ko"), ("ko", "en")):
        by_text: dict[str, dict[str, str]] = {}
        for key, text in texts(one).items():
            if len(_plain(text).split()) >= 3:
                by_text.setdefault(_plain(text), {})[key] = _plain(texts(other)[key])
        assert [said for said in by_text.values() if len(set(said.values())) > 1] == []


def _plain(text: str) -> str:
    """The words without case, spaces and punctuation."""
    return " ".join(re.sub(r"[^\w{}⟪⟫⟨⟩]+", " ", text.casefold()).split())
