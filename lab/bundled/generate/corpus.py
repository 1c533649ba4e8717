"""sprout's pre-training corpus: short documents about small facts, tables, numbers and copying.

A document is a list of turns `(role, text)`; role "text" is plain text outside any chat. The corpus never pairs a
question with its SQL, a sentence with its JSON record, or journal notes with their entry: those are the three tasks
that an adapter is to teach.
"""

import json
from collections.abc import Callable
from random import Random

from lab.bundled.generate import record, sql
from lab.bundled.generate.words import (
    CITIES,
    COUNTRIES,
    DEPARTMENTS,
    JOBS,
    KINDS,
    MAKERS,
    MONTHS,
    NAMES,
    TABLES,
    TEAMS,
    TITLES,
    pseudo_word,
)

Document = list[tuple[str, str]]
WORDS = tuple(NAMES + CITIES + COUNTRIES + JOBS + TEAMS + DEPARTMENTS + MAKERS + KINDS + TITLES)
COLUMNS = sorted({c.name for t in TABLES.values() for c in t})
CAPITALS = {
    "Korea": "Seoul", "France": "Paris", "Germany": "Berlin", "Italy": "Rome", "Spain": "Madrid", "Portugal": "Lisbon",
    "Norway": "Oslo", "Austria": "Vienna", "Poland": "Warsaw", "Greece": "Athens", "Egypt": "Cairo", "Kenya": "Nairobi",
    "India": "Delhi", "Japan": "Tokyo", "China": "Beijing", "Vietnam": "Hanoi", "Peru": "Lima", "Ireland": "Dublin",
}  # fmt: skip
FACTS = {
    "What sound does a dog make?": "A dog barks.",
    "What sound does a cat make?": "A cat meows.",
    "What colour is the sky?": "The sky is blue.",
    "What colour is grass?": "Grass is green.",
    "What colour is snow?": "Snow is white.",
    "How many days are in a week?": "A week has 7 days.",
    "How many months are in a year?": "A year has 12 months.",
    "How many legs does a spider have?": "A spider has 8 legs.",
    "What do bees make?": "Bees make honey.",
    "What do cows eat?": "Cows eat grass.",
    "What is ice?": "Ice is frozen water.",
    "Who are you?": "I am sprout, a very small language model.",
    "Hello": "Hello. I am sprout.",
    "안녕하세요": "안녕하세요. 저는 sprout예요.",
    "What can you do?": "I know small facts, and I can copy words and read small tables.",
    "Thank you": "You are welcome.",
}
OPPOSITES = {
    "more": "less", "high": "low", "highest": "lowest", "maximum": "minimum", "above": "below", "over": "under",
    "first": "last", "rising": "falling", "largest": "smallest", "greater": "smaller", "most": "least",
}  # fmt: skip
MEANINGS = {
    "above": "greater than", "over": "greater than", "more than": "greater than", "below": "less than",
    "under": "less than", "smaller than": "less than", "exactly": "equal to", "highest": "maximum",
    "largest": "maximum", "biggest": "maximum", "lowest": "minimum", "smallest": "minimum", "mean": "average",
    "sum": "total",
}  # fmt: skip


def _word(rng: Random) -> str:
    return pseudo_word(rng).capitalize() if rng.random() < 0.4 else rng.choice(WORDS)


def _item(rng: Random) -> str:
    return str(rng.randint(0, 999)) if rng.random() < 0.35 else _word(rng)


def copying(rng: Random) -> Document:
    """Repeat this, what stands where, put it in quotes: without these a small model never learns to copy."""
    items = [_item(rng) for _ in range(rng.randint(2, 8))]
    listed, i = " ".join(items), rng.randrange(len(items) - 1)
    kind = rng.randrange(8)
    if kind == 0:
        return [("user", f"Repeat: {listed}"), ("assistant", listed)]
    if kind == 1:
        return [("user", f"What comes after {items[i]} in: {listed}"), ("assistant", items[i + 1])]
    if kind == 2:
        return [("user", f"First of: {listed}"), ("assistant", items[0])]
    if kind == 3:
        return [("user", f"Last of: {listed}"), ("assistant", items[-1])]
    if kind == 4:
        mark = rng.choice("'\"")
        quoted = ", ".join(f"{mark}{w}{mark}" for w in items[:4])
        return [("user", f"Put in quotes {mark}{mark}: {' '.join(items[:4])}"), ("assistant", quoted)]
    if kind == 5:
        marked = " ".join(f"'{w}'" for w in items[:5])
        return [("user", f"Repeat: {marked}"), ("assistant", marked)]
    if kind == 6:
        keys = rng.sample(COLUMNS, 3)
        key = rng.randrange(3)
        pairs = ", ".join(f"{k} is {v}" for k, v in zip(keys, items * 2, strict=False))
        return [("user", f"Here {pairs}. What is {keys[key]}?"), ("assistant", (items * 2)[key])]
    return [("user", f"Reverse: {' '.join(items[:4])}"), ("assistant", " ".join(reversed(items[:4])))]


def restating(rng: Random) -> Document:
    """A question about a table and what the asker wants, in plain words."""
    query = sql.random_query(rng)
    return [("user", f"{query.header()} {query.question(rng)}"), ("assistant", query.plain())]


def reading(rng: Random) -> Document:
    """A small table with rows, and a plain answer read off it."""
    table = rng.choice(tuple(TABLES))
    key = next(c for c in TABLES[table] if not c.numeric)
    number = rng.choice([c for c in TABLES[table] if c.numeric])
    names = rng.sample(key.values, rng.randint(2, 4))
    values = rng.sample(range(number.low, number.high + 1), min(len(names), number.high - number.low))
    rows = list(zip(names, values, strict=False))
    text = f"Table {table}: " + ", ".join(f"{n} {number.name} {v}" for n, v in rows) + "."
    kind = rng.randrange(4)
    if kind == 0:
        name, value = rng.choice(rows)
        return [("user", f"{text} What is the {number.name} of {name}?"), ("assistant", f"{value}")]
    if kind == 1:
        return [("user", f"{text} How many {table} are there?"), ("assistant", f"{len(rows)}")]
    pick, words = (max, sql.AGGREGATES["MAX"]) if kind == 2 else (min, sql.AGGREGATES["MIN"])
    return [
        ("user", f"{text} Which has the {rng.choice(words)} {number.name}?"),
        ("assistant", pick(rows, key=lambda r: r[1])[0]),
    ]


def numbers(rng: Random) -> Document:
    """What more, less, at least and at most mean."""
    a, b = rng.randint(0, 99), rng.randint(0, 99)
    kind = rng.randrange(4)
    if kind == 0 and a != b:
        more = rng.random() < 0.5
        answer = max(a, b) if more else min(a, b)
        return [("user", f"Which is {'more' if more else 'less'}, {a} or {b}?"), ("assistant", str(answer))]
    if kind == 1:
        operator = rng.choice(tuple(sql.COMPARISONS))
        true = {">": a > b, "<": a < b, ">=": a >= b, "<=": a <= b, "=": a == b}[operator]
        phrase = rng.choice(sql.COMPARISONS[operator]).format(b)
        return [("user", f"Is {a} {phrase}?"), ("assistant", "yes" if true else "no")]
    if kind == 2:
        word = rng.choice(tuple(MEANINGS))
        return [("user", f"What does '{word}' mean?"), ("assistant", f"It means {MEANINGS[word]}.")]
    word = rng.choice(tuple(OPPOSITES))
    return [("user", f"What is the opposite of '{word}'?"), ("assistant", OPPOSITES[word])]


def people(rng: Random) -> Document:
    """A sentence about a person, a plain question and its answer, sometimes with a second turn."""
    who = record.person(rng)
    text = rng.choice(record.SENTENCES).format(**who)
    questions = [
        (f"How old is {who['name']}?", f"{who['age']}"),
        (f"What is the job of {who['name']}?", f"{who['job']}"),
        (f"Where does {who['name']} live?", f"{who['city']}"),
        ("What is the name?", f"{who['name']}"),
    ]
    (q1, a1), (q2, a2) = rng.sample(questions, 2)
    turns = [("user", f"{text} {q1}"), ("assistant", a1)]
    return turns + ([("user", q2), ("assistant", a2)] if rng.random() < 0.6 else [])


def facts(rng: Random) -> Document:
    """Small facts about the world."""
    if rng.random() < 0.5:
        country = rng.choice(tuple(CAPITALS))
        if rng.random() < 0.5:
            return [("user", f"What is the capital of {country}?"), ("assistant", f"{CAPITALS[country]}.")]
        return [
            ("user", f"{CAPITALS[country]} is the capital of which country?"),
            ("assistant", f"{country}."),
        ]
    if rng.random() < 0.3:
        i = rng.randrange(11)
        return [("user", f"Which month comes after {MONTHS[i]}?"), ("assistant", f"{MONTHS[i + 1]}.")]
    question = rng.choice(tuple(FACTS))
    return [("user", question), ("assistant", FACTS[question])]


def bare(rng: Random) -> Document:
    """SQL, JSON or a diary sentence on its own, paired with nothing."""
    kind = rng.randrange(6)
    if kind < 3:
        return [("text", sql.random_query(rng).sql())]
    if kind == 3:
        return [("text", json.dumps(record.person(rng)))]
    if kind == 4:
        return [("text", rng.choice(record.SENTENCES).format(**record.person(rng)))]
    day, month, name = rng.randint(1, 28), rng.choice(MONTHS), rng.choice(NAMES)
    return [("text", f"On the {day} of {month} {name} came to {rng.choice(CITIES)}.")]


MIX: tuple[tuple[Callable[[Random], Document], float], ...] = (
    (copying, 0.36),
    (restating, 0.30),
    (reading, 0.08),
    (numbers, 0.08),
    (people, 0.08),
    (facts, 0.04),
    (bare, 0.06),
)


def document(rng: Random) -> Document:
    """One document of the corpus; the same generator state gives the same document."""
    return rng.choices([make for make, _ in MIX], [weight for _, weight in MIX])[0](rng)
