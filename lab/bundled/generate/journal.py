"""The `journal` data set: plain text in a house style, a line of notes and the entry that grows from it."""

from random import Random

from lab.bundled.generate.words import CITIES, MONTHS, NAMES, WEATHER

OPENINGS = {
    "rain": "It rained all day.",
    "sun": "The sun shone all day.",
    "snow": "Snow fell all day.",
    "wind": "The wind blew all day.",
    "fog": "Fog lay over everything.",
}
DEEDS = {
    "walk": "We walked {n} km through {city}.",
    "ride": "We rode {n} km around {city}.",
    "read": "We read {n} pages in a cafe in {city}.",
    "cook": "We cooked for {n} guests in {city}.",
}


def row(rng: Random) -> dict[str, str]:
    """One text row: the notes, a line break, the entry."""
    day, month, weather = rng.randint(1, 28), rng.choice(MONTHS), rng.choice(WEATHER)
    deed, n, name, city = rng.choice(tuple(DEEDS)), rng.randint(2, 40), rng.choice(NAMES), rng.choice(CITIES)
    notes = f"{day} {month}: {weather}, {deed} {n}, {name}, {city}"
    visit = f"{name} came to see me on the {day} of {month}."
    entry = f"Dear journal, {OPENINGS[weather]} {visit} {DEEDS[deed].format(n=n, city=city)}"
    return {"text": f"{notes}\n{entry}"}
