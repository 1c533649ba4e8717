"""What the keys of a table do, in both languages."""

from typing import Final

from tui.locale import extend

EN: Final = {
    "key.grid.up": "up",
    "key.grid.down": "move",
    "key.grid.page-up": "page up",
    "key.grid.page-down": "page down",
    "key.grid.first": "first",
    "key.grid.last": "last",
    "key.grid.mark": "mark",
    "key.grid.choose": "open",
}
KO: Final = {
    "key.grid.up": "위로",
    "key.grid.down": "이동",
    "key.grid.page-up": "한 쪽 위로",
    "key.grid.page-down": "한 쪽 아래로",
    "key.grid.first": "처음",
    "key.grid.last": "끝",
    "key.grid.mark": "표시",
    "key.grid.choose": "열기",
}

extend(EN, KO)
