"""The `record` data set: a sentence about a person -> a JSON record; half the rows go on with a correction."""

import json
from random import Random

from lab.bundled.generate.words import CITIES, JOBS, NAMES

SENTENCES = (
    "{name} is {age} years old, works as a {job} and lives in {city}.",
    "{name}, a {job} of {age}, lives in {city}.",
    "In {city} lives {name}, a {age} year old {job}.",
    "Meet {name}: {job}, {age}, from {city}.",
    "The {job} {name} is {age} and comes from {city}.",
    "At {age}, {name} is a {job} in {city}.",
)
CORRECTIONS = {
    "age": ("Sorry, the age is {}.", "No, {} years old.", "Make the age {}."),
    "job": ("Sorry, the job is {}.", "No, a {}.", "Make the job {}."),
    "city": ("Sorry, the city is {}.", "No, from {}.", "Make the city {}."),
}


def person(rng: Random) -> dict[str, str | int]:
    """A random person; the keys stand in the order of the record."""
    return {
        "name": rng.choice(NAMES),
        "age": rng.randint(18, 90),
        "job": rng.choice(JOBS),
        "city": rng.choice(CITIES),
    }


def row(rng: Random) -> dict[str, list[dict[str, str]]]:
    """One row of messages, two turns or four."""
    who = person(rng)
    messages = [_user(rng.choice(SENTENCES).format(**who)), _assistant(who)]
    if rng.random() < 0.5:
        key = rng.choice(tuple(CORRECTIONS))
        new = {**who}
        while new[key] == who[key]:
            new[key] = person(rng)[key]
        messages += [_user(rng.choice(CORRECTIONS[key]).format(new[key])), _assistant(new)]
    return {"messages": messages}


def _user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def _assistant(record: dict[str, str | int]) -> dict[str, str]:
    return {"role": "assistant", "content": json.dumps(record)}
