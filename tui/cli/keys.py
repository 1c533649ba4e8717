"""`lowrank keys`: every action by name, with its keys."""

from lab.errors import LabError
from tui.cli.common import Json, note, say, write
from tui.home import home


def keys(as_json: Json = False) -> int:
    """List every named action with its keys, and say where keys of one's own are kept."""
    from tui.actions import named_actions
    from tui.keymap import FILE, KeymapError, check, read

    file = home() / FILE
    try:
        own = read(home())
        check(own, home())
    except KeymapError as error:
        raise LabError(str(error), remedy="put the line right, or delete the file") from None
    actions = named_actions()
    rows = [
        {"action": name, "keys": own.get(name, binding.key), "about": binding.description, "own": name in own}
        for name, binding in sorted(actions.items())
    ]
    if as_json:
        say({"file": str(file), "keys": rows})
        return 0
    widest = max(len(str(row["action"])) for row in rows)
    for row in rows:
        shown = " ".join(key for key in str(row["keys"]).split(",") if key.isascii())
        write(f"{row['action']:<{widest}}  {shown:<22} {row['about']}{'  (yours)' if row['own'] else ''}")
    note()
    note(f'To change one, write a line such as  "app.quit" = "ctrl+x"  into {file}')
    return 0
