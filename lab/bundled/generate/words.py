"""Word lists shared by the data sets and the corpus, so that sprout has met every word a task uses."""

from dataclasses import dataclass
from random import Random

NAMES = [
    "Mina",
    "Jun",
    "Sora",
    "Hana",
    "Minho",
    "Yuna",
    "Taeho",
    "Jiwoo",
    "Seojin",
    "Doyun",
    "Ada",
    "Alan",
    "Grace",
    "Linus",
    "Ken",
    "Dennis",
    "Barbara",
    "Edsger",
    "Ida",
    "Omar",
    "Lena",
    "Marco",
    "Nora",
    "Pavel",
    "Rosa",
    "Sven",
    "Tara",
    "Ugo",
    "Vera",
    "Wim",
    "Aiko",
    "Bilal",
    "Chen",
    "Dara",
    "Elif",
    "Farid",
    "Gita",
    "Hugo",
    "Ines",
    "Jonas",
    "Kira",
    "Luca",
    "Maya",
    "Nils",
    "Olga",
    "Pedro",
    "Quinn",
    "Ravi",
    "Sana",
    "Tomas",
]
CITIES = [
    "Seoul",
    "Busan",
    "Daegu",
    "Incheon",
    "Jeju",
    "Paris",
    "Lyon",
    "Berlin",
    "Hamburg",
    "Rome",
    "Milan",
    "Madrid",
    "Lisbon",
    "Porto",
    "Oslo",
    "Bergen",
    "Vienna",
    "Prague",
    "Warsaw",
    "Athens",
    "Cairo",
    "Nairobi",
    "Lagos",
    "Delhi",
    "Mumbai",
    "Tokyo",
    "Osaka",
    "Kyoto",
    "Beijing",
    "Hanoi",
    "Lima",
    "Quito",
    "Bogota",
    "Toronto",
    "Boston",
    "Austin",
    "Denver",
    "Chicago",
    "Dublin",
    "London",
]
COUNTRIES = [
    "Korea",
    "France",
    "Germany",
    "Italy",
    "Spain",
    "Portugal",
    "Norway",
    "Austria",
    "Poland",
    "Greece",
    "Egypt",
    "Kenya",
    "Nigeria",
    "India",
    "Japan",
    "China",
    "Vietnam",
    "Peru",
    "Canada",
    "Ireland",
    "Chile",
    "Brazil",
    "Mexico",
    "Turkey",
]
JOBS = [
    "baker",
    "teacher",
    "nurse",
    "pilot",
    "farmer",
    "singer",
    "painter",
    "doctor",
    "driver",
    "waiter",
    "lawyer",
    "dancer",
    "writer",
    "plumber",
    "barber",
    "gardener",
    "sailor",
    "tailor",
    "miner",
    "judge",
]
TEAMS = [
    "Lions",
    "Tigers",
    "Bears",
    "Eagles",
    "Hawks",
    "Sharks",
    "Wolves",
    "Giants",
    "Kings",
    "Rovers",
    "United",
    "Rangers",
    "Comets",
    "Rockets",
]
DEPARTMENTS = [
    "sales",
    "finance",
    "legal",
    "research",
    "design",
    "support",
    "marketing",
    "security",
    "logistics",
    "training",
]
MAKERS = ["Orion", "Vega", "Lyra", "Atlas", "Titan", "Nova", "Argo", "Delta", "Zenith", "Apex", "Polar", "Solar"]
KINDS = [
    "jazz",
    "rock",
    "folk",
    "opera",
    "drama",
    "comedy",
    "horror",
    "romance",
    "history",
    "science",
    "poetry",
    "travel",
]
BREEDS = ["poodle", "beagle", "husky", "collie", "boxer", "terrier", "spaniel", "mastiff"]
TITLES = [
    "Dawn",
    "Dusk",
    "River",
    "Stone",
    "Ember",
    "Harbor",
    "Winter",
    "Summer",
    "Garden",
    "Mirror",
    "Shadow",
    "Island",
    "Forest",
    "Thunder",
    "Lantern",
    "Compass",
    "Meadow",
    "Ocean",
    "Desert",
    "Valley",
    "Bridge",
    "Castle",
    "Signal",
    "Horizon",
    "Orchard",
    "Feather",
    "Copper",
    "Silver",
    "Marble",
    "Saffron",
]
WEATHER = ("rain", "sun", "snow", "wind", "fog")
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"


@dataclass(frozen=True)
class Column:
    """A column of a table: a text column draws from `values`, a number column from `low`..`high`."""

    name: str
    values: tuple[str, ...] = ()
    low: int = 0
    high: int = 0

    @property
    def numeric(self) -> bool:
        return not self.values

    def draw(self, rng: Random) -> str:
        """One value as it stands in SQL: a number, or a quoted word (sometimes one nobody has ever seen)."""
        if self.numeric:
            return str(rng.randint(self.low, self.high))
        return f"'{pseudo_word(rng).capitalize() if rng.random() < 0.15 else rng.choice(self.values)}'"


def _text(name: str, values: list[str]) -> Column:
    return Column(name, tuple(values))


def _number(name: str, low: int, high: int) -> Column:
    return Column(name, (), low, high)


TABLES: dict[str, tuple[Column, ...]] = {
    "players": (_text("name", NAMES), _text("team", TEAMS), _number("age", 16, 40), _number("goals", 0, 60)),
    "employees": (
        _text("name", NAMES),
        _text("department", DEPARTMENTS),
        _number("salary", 20, 99),
        _number("age", 18, 67),
    ),
    "books": (
        _text("title", TITLES),
        _text("author", NAMES),
        _number("year", 1900, 2025),
        _number("pages", 40, 900),
    ),
    "movies": (
        _text("title", TITLES),
        _text("genre", KINDS),
        _number("year", 1930, 2025),
        _number("minutes", 60, 240),
    ),
    "cities": (
        _text("name", CITIES),
        _text("country", COUNTRIES),
        _number("population", 10, 900),
        _number("area", 20, 800),
    ),
    "cars": (
        _text("model", TITLES),
        _text("maker", MAKERS),
        _number("year", 1970, 2025),
        _number("price", 5, 99),
    ),
    "students": (
        _text("name", NAMES),
        _text("city", CITIES),
        _number("grade", 1, 12),
        _number("score", 0, 100),
    ),
    "hotels": (
        _text("name", TITLES),
        _text("city", CITIES),
        _number("stars", 1, 5),
        _number("rooms", 8, 600),
    ),
    "songs": (
        _text("title", TITLES),
        _text("genre", KINDS),
        _number("year", 1950, 2025),
        _number("seconds", 60, 600),
    ),
    "dogs": (_text("name", NAMES), _text("breed", BREEDS), _number("age", 1, 18), _number("weight", 2, 80)),
    "rivers": (
        _text("name", TITLES),
        _text("country", COUNTRIES),
        _number("length", 10, 900),
        _number("depth", 1, 90),
    ),
    "flights": (
        _text("city", CITIES),
        _text("maker", MAKERS),
        _number("seats", 20, 500),
        _number("minutes", 30, 900),
    ),
    "shops": (
        _text("city", CITIES),
        _text("owner", NAMES),
        _number("sales", 5, 900),
        _number("staff", 1, 90),
    ),
    "houses": (
        _text("city", CITIES),
        _text("owner", NAMES),
        _number("rooms", 1, 20),
        _number("price", 50, 999),
    ),
}


def pseudo_word(rng: Random) -> str:
    """A pronounceable word of two or three syllables that means nothing, for copying practice."""
    return "".join(rng.choice(CONSONANTS) + rng.choice(VOWELS) for _ in range(rng.choice((2, 2, 3))))
