import json, random, sys
from pathlib import Path

folder, people = Path(sys.argv[1]), int(sys.argv[2])
folder.mkdir(exist_ok=True)
names = """Ada Alan Grace Linus Ken Dennis Ida Omar Lena Marco Nora
Pavel Rosa Sven Tara Vera Aiko Chen Dara Elif Hugo Ines Jonas
Kira""".split()
goods = "pens lamps desks cups books chairs".split()
days = "Monday Tuesday Wednesday Thursday Friday".split()
mails = ["{0} needs {1} {2} by {3}.", "Could {0} have {1} {2} on {3}?",
         "Please get {1} {2} for {0} before {3}.",
         "By {3}: {1} {2} for {0}."]
files = {"train": (names[:people], 120), "valid": (names[18:21], 30),
         "test": (names[21:], 50)}
for file, (here, rows) in files.items():
    dice, lines = random.Random(file), []
    for _ in range(rows):
        who, what, day = map(dice.choice, (here, goods, days))
        n = dice.randint(2, 60)
        mail = dice.choice(mails).format(who, n, what, day)
        line = f"{day} | {who} | {what} x {n}"
        lines.append(json.dumps({"prompt": mail, "completion": line}))
    Path(folder, f"{file}.jsonl").write_text("\n".join([*lines, ""]))
