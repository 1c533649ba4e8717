"""One kind of error for everything a user can put right."""


class LabError(Exception):
    """What is wrong, where, and what to do about it; `str()` is one line fit for stderr.

    `usage` is true when the command itself was wrong (exit code 2) rather than something it met (exit code 1).
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "", usage: bool = False) -> None:
        self.what, self.where, self.remedy, self.usage = what, where, remedy, usage
        line = f"{where}: {what}" if where else what
        super().__init__(" ".join(f"{line}{f'; {remedy}' if remedy else ''}".split()))
