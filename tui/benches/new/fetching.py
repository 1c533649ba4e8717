"""Asking before anything is fetched from a hub: what it costs, and where it goes."""

import asyncio
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.errors import LabError
from lab.models import HUB_ID
from tui.benches.new.examine import reason
from tui.labroom import units
from tui.labroom.inert import inert
from tui.screens.dialogs import ConfirmScreen

if TYPE_CHECKING:
    from tui.benches.new.bench import NewBench


class Fetching:
    """Questions and answers on behalf of the bench; must be called from a worker."""

    def __init__(self, bench: "NewBench") -> None:
        self._bench = bench

    async def model(self, name: str) -> bool:
        """Whether a run on this model may begin: its weights are here, or the learner agreed to fetch them."""
        if Path(name).expanduser().is_dir():
            return True
        cost = await self._ask("model", name)
        if cost is None or cost["here"]:
            return cost is not None
        free = await asyncio.to_thread(lambda: shutil.disk_usage(Path.home()).free)
        return await self._agreed("ask", name=inert(name), size=units.size(cost["bytes"]), free=units.size(free))

    async def data(self, name: str) -> str:
        """The folder of a data set: the name itself, or where the files from the hub lie once fetched; "" for none."""
        bundled = "/" not in name
        if bundled or not HUB_ID.fullmatch(name) or Path(name).expanduser().is_dir():
            return name
        cost = await self._ask("data", name)
        if cost is None:
            return ""
        if not cost["here"]:
            size = units.size(cost["bytes"])
            if not await self._agreed("data", name=inert(name), size=size, path=inert(cost["path"])):
                return ""
            self._bench.notice("new.fetch.going", name=name)
            cost = await self._ask("fetch", name)
        return str(cost["path"]) if cost else ""

    async def _ask(self, kind: str, name: str) -> dict[str, Any] | None:
        self._bench.notice("new.fetch.looking", name=name)
        try:
            return await self._bench.planning.planner.desk.ask(kind, name=name)
        except LabError as error:
            self._bench.notice("new.fetch.failed", "trouble", reason=f"{name}: {reason(error)}")
            return None

    async def _agreed(self, key: str, **values: object) -> bool:
        say = self._bench.say
        question = ConfirmScreen(say(f"new.fetch.{key}", **values), say("new.fetch.yes"), say("new.fetch.no"))
        agreed: bool | None = await self._bench.app.push_screen_wait(question)
        return bool(agreed)
