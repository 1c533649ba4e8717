import json
import math
import struct
import sys

with open(sys.argv[1], "rb") as file:
    (size,) = struct.unpack("<Q", file.read(8))
    header = json.loads(file.read(size))

header.pop("__metadata__", None)
print(sum(math.prod(tensor["shape"]) for tensor in header.values()))
