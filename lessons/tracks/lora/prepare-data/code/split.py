import hashlib
import json
import random
from pathlib import Path


def side(line):
    origin = json.loads(line)["prompt"].split()[1]  # in sql, the table
    digest = hashlib.sha256(origin.encode()).digest()
    return {0: "test", 1: "valid"}.get(digest[-1] % 10, "train")


lines = Path("data/train.jsonl").read_text("utf-8").strip().split("\n")
lines = list(dict.fromkeys(lines))  # no doubles
random.Random(0).shuffle(lines)
for name in ("train", "valid", "test"):
    mine = [line for line in lines if side(line) == name]
    Path(f"{name}.jsonl").write_text("\n".join([*mine, ""]), "utf-8")
    print(name, len(mine))
