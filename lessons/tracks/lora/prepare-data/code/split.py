import json
import random
from pathlib import Path


def side(line):
    origin = json.loads(line)["prompt"].split()[1]  # in sql, the table
    draw = random.Random(origin).random()
    return "train" if draw < 0.8 else "valid" if draw < 0.9 else "test"


text = Path("data/train.jsonl").read_text("utf-8")
lines = list(dict.fromkeys(text.strip().split("\n")))  # no doubles
random.Random(0).shuffle(lines)
for name in ("train", "valid", "test"):
    mine = [line for line in lines if side(line) == name]
    Path(f"{name}.jsonl").write_text("\n".join([*mine, ""]), "utf-8")
    print(name, len(mine))
