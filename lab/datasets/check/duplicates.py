"""Rows met before, in bounded memory: fixed-size records on disk, spread by digest, compared one share at a time."""

import struct
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO

from lab.datasets.check.row_content import DIGEST

SHARES = 64
BUFFER = 1 << 16
RECORD = struct.Struct(f"<{DIGEST}sBQ")


class Seen:
    """Digests with split and line (25 bytes a row on disk, in files without a name, so that nothing outlives a kill).

    The files close with `stack`. Memory while comparing is that of one 64th of the rows.
    """

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._buffers = [bytearray() for _ in range(SHARES)]
        self._files: dict[int, IO[bytes]] = {}

    def add(self, digest: bytes, split: int, line: int) -> None:
        share = digest[0] % SHARES
        buffer = self._buffers[share]
        buffer += RECORD.pack(digest, split, line)
        if len(buffer) >= BUFFER:
            if share not in self._files:
                self._files[share] = self._stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
            self._files[share].write(buffer)
            buffer.clear()

    def repeats(self) -> Iterator[tuple[int, int, int, int]]:
        """Split and line of every row that came before, and split and line of its first occurrence.

        The first occurrence is one in the same split where there is one. Not in the order of lines.
        """
        for share, buffer in enumerate(self._buffers):
            first: dict[bytes, tuple[tuple[int, int], ...]] = {}
            for block in self._blocks(share, buffer):
                for digest, split, line in RECORD.iter_unpack(block):
                    places = first.get(digest)
                    if places is None:
                        first[digest] = ((split, line),)
                        continue
                    same = next((place for place in places if place[0] == split), None)
                    if same is None:
                        first[digest] = (*places, (split, line))
                    yield split, line, *(same or places[0])

    def _blocks(self, share: int, buffer: bytearray) -> Iterator[bytes]:
        file = self._files.get(share)
        if file is not None:
            file.seek(0)
            while block := file.read(RECORD.size * 4096):
                yield block
        yield bytes(buffer)
