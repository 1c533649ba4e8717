"""`lowrank progress show`: level, XP, lessons and achievements."""

from tui.cli.common import Json, say, write
from tui.cli.progress.common import open_session


def show(as_json: Json = False) -> int:
    """Show level, XP, lessons done, achievements, and how many questions are to be asked again today."""
    with open_session() as session:
        state, reviews = session.progress, len(session.due())
    fields = {
        "level": state.level,
        "level_name": state.level_name,
        "xp": state.xp,
        "xp_to_next": state.xp_to_next,
        "lessons_done": state.lessons_done,
        "lessons_total": state.lessons_total,
        "lessons_written": state.lessons_written,
        "achievements": len(state.achievements),
        "achievements_total": state.achievements_total,
        "achievement_ids": list(state.achievements),
        "percent": state.percent,
        "reviews_due": reviews,
    }
    if as_json:
        say(fields)
        return 0
    write(f"Level {state.level} {state.level_name.capitalize()}  {state.xp_in_level}/{state.xp_to_next} XP")
    planned = f"; {state.lessons_total} planned" if state.lessons_total > state.lessons_written else ""
    write(f"Lessons {state.lessons_done} of {state.lessons_written}{planned}  achievements {len(state.achievements)}/"
          f"{state.achievements_total}  {state.percent}%  reviews due {reviews}")  # fmt: skip
    return 0
