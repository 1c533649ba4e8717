"""sprout's corpus teaches words and copying, and never one of the three tasks."""

import json
from random import Random

from lab.bundled.generate import corpus, sql


def documents(n: int = 4000) -> list[corpus.Document]:
    rng = Random(1)
    return [corpus.document(rng) for _ in range(n)]


def test_no_chat_holds_sql_or_json_so_no_task_is_given_away() -> None:
    for document in documents():
        for role, text in document:
            if role != "text":
                assert "SELECT" not in text and "{" not in text and "Dear journal" not in text


def test_bare_sql_and_bare_json_do_occur_so_their_tokens_are_known() -> None:
    texts = [text for document in documents() for role, text in document if role == "text"]
    assert any(t.startswith("SELECT") for t in texts) and any(t.startswith("{") and json.loads(t) for t in texts)


def test_the_same_seed_gives_the_same_document() -> None:
    assert documents(50) == documents(50)


def test_a_query_reads_the_same_in_sql_and_in_plain_words() -> None:
    query = sql.Query("players", ("age", "name"), "top", "name", by="age", descending=True,
                      where=(sql.Condition("age", ">=", "20"),))  # fmt: skip
    assert query.sql() == "SELECT name FROM players WHERE age >= 20 ORDER BY age DESC LIMIT 1"
    assert query.plain() == "You want the name of players where age is at least 20 with the maximum age."
