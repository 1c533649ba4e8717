"""One run trains at a time on a machine: the others wait for their turn in the order in which they came.

Every engine holds a lock on a ticket of its own for as long as it lives; the kernel takes the lock from a dead one,
so nobody waits for ever, and no ticket needs to be given back.
"""

from pathlib import Path

from filelock import FileLock, Timeout


class QueueSlot:
    """A place in the queue that lies in `folder`, taken when made and held until the process ends."""

    def __init__(self, folder: Path, run_id: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._door = FileLock(folder / "door")
        with self._door:
            self.number = 1 + max((_number(path) for path in folder.glob("*.ticket")), default=0)
            # Inside the door, so that nobody finds a ticket that is not held yet and takes it for a dead one's.
            self._held = FileLock(folder / f"{self.number:08d}-{run_id}.ticket")
            self._held.acquire(timeout=0)

    def ahead(self) -> list[str]:
        """The runs that came before and still live, in the order in which they came."""
        with self._door:
            before = sorted((p for p in self.folder.glob("*.ticket") if _number(p) < self.number), key=_number)
            return [path.stem.partition("-")[2] for path in before if not _dead(path)]


def has_ticket(folder: Path, run_id: str) -> bool:
    """Whether that run has taken a place, which it may have left again since."""
    return any(path.stem.partition("-")[2] == run_id for path in folder.glob("*.ticket"))


def _number(path: Path) -> int:
    digits = path.name.partition("-")[0]
    return int(digits) if digits.isdecimal() else 0


def _dead(path: Path) -> bool:
    """Whether nobody holds this ticket any more; such a one is thrown away."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    path.unlink(missing_ok=True)
    lock.release()
    return True
