"""The one error for progress that cannot be read, written or moved. It holds its text in both languages."""

import errno
from typing import TYPE_CHECKING, Final

import i18n

if TYPE_CHECKING:
    from store.event import Event

Text = i18n.Translated

_KOREAN: Final = {
    errno.ENOENT: "그런 파일이나 폴더가 없어요",
    errno.EACCES: "권한이 없어요",
    errno.EPERM: "허용되지 않아요",
    errno.EEXIST: "이미 있어요",
    errno.EISDIR: "폴더예요",
    errno.ENOTDIR: "폴더가 아니에요",
    errno.ENOSPC: "남은 공간이 없어요",
    errno.EDQUOT: "쓸 수 있는 공간을 다 썼어요",
    errno.EFBIG: "파일이 너무 커요",
    errno.EROFS: "읽기 전용이에요",
    errno.EIO: "장치에서 오류가 났어요",
    errno.ENAMETOOLONG: "이름이 너무 길어요",
}
"""What the system says in English only, as far as a learner is likely to meet it."""


class StoreError(Exception):
    """Progress could not be read or written; `text` says in each language what happened, where, and what to do.

    `str()` is the English one. `event` is the one that was to be appended, where that failed.
    """

    event: "Event | None" = None

    def __init__(self, en: str, ko: str) -> None:
        self.text: Text = i18n.Translated(en=en, ko=ko)
        super().__init__(en)


def reason(error: OSError) -> Text:
    """Why the system refused, in a few words; in English where it has no Korean ones."""
    english = error.strerror or str(error)
    return i18n.Translated(en=english, ko=_KOREAN.get(error.errno or 0, english))
