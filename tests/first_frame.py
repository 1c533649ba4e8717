"""Run as a program: open the app, and write the names of all loaded modules to FILE when the first frame goes out."""

import json
import sys
from pathlib import Path

from textual.drivers.linux_driver import LinuxDriver

from tui.__main__ import main

MARKER = "Lowrank"


class Watched(LinuxDriver):
    """The terminal driver, which every byte for the screen passes through."""

    file: Path | None = None

    def write(self, data: str) -> None:
        if self.file and MARKER in data:
            self.file.write_text(json.dumps(sorted(sys.modules)))
            Watched.file = None
        super().write(data)


if __name__ == "__main__":
    Watched.file = Path(sys.argv.pop())
    sys.modules["textual.drivers.linux_driver"].LinuxDriver = Watched  # type: ignore[attr-defined]
    sys.exit(main())
