"""Fetching from a hub, after asking: what it costs, where it goes, how far it is; Escape ends it."""

import asyncio
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.client import EngineClient
from lab.errors import LabError
from lab.hub import HUB_ID, is_data_id
from tui.formatting import units
from tui.formatting.sanitize import inert
from tui.views.new_run.spec_check import reason
from tui.widgets.dialogs import ConfirmScreen

if TYPE_CHECKING:
    from tui.views.new_run.view import NewRunView


class Fetching:
    """Questions and answers on behalf of the bench; must be called from a worker."""

    def __init__(self, bench: "NewRunView") -> None:
        self._bench = bench

    async def model(self, name: str) -> bool:
        """Whether a run on this model may begin: its weights are here, maybe because the learner had them fetched."""
        if not HUB_ID.fullmatch(name) or Path(name).expanduser().is_dir():
            return True
        cost = await self._ask("model", name)
        if cost is None or cost["here"]:
            return cost is not None
        free = await asyncio.to_thread(lambda: shutil.disk_usage(Path.home()).free)
        question = {"name": inert(name), "size": units.size(cost["bytes"]), "free": units.size(free)}
        return await self._agreed("ask", **question) and await self._fetched("model", name) is not None

    async def data(self, name: str) -> str:
        """The folder of a data set: the name itself, or where the rows from the hub lie once fetched; "" for none."""
        if not is_data_id(name) or Path(name).expanduser().is_dir():
            return name
        cost = await self._ask("data", name)
        if cost is None or cost["here"]:
            return str(cost["path"]) if cost else ""
        question = {"name": inert(name), "size": units.size(cost["bytes"]), "path": inert(cost["path"])}
        if not await self._agreed("data", **question):
            return ""
        found = await self._fetched("data", name)
        return str(found["path"]) if found else ""

    async def _fetched(self, kind: str, name: str) -> dict[str, Any] | None:
        """What the engine says when all of it is here; None if it could not be had, or somebody pressed Escape."""
        bench = self._bench

        def progress(event: dict[str, Any]) -> None:
            done, total = units.size(event["done"]), units.size(event["total"])
            bench.doing(bench.say("new.fetch.going", name=inert(name), done=done, total=total))

        cache = bench.lab.cache
        asked = EngineClient(cache).ask("fetch", name, "--kind", kind, log=cache / "fetch.log", progress=progress)
        bench.fetching = asyncio.create_task(asked)
        bench.refresh_bindings()
        bench.tell("new.fetch.begun", name=name)
        try:
            await asyncio.wait({bench.fetching})
            if bench.fetching.cancelled():
                bench.tell("new.fetch.ended", name=name)
                return None
            found = bench.fetching.result()
        except LabError as error:
            bench.tell("new.fetch.failed", "trouble", reason=f"{name}: {reason(error)}")
            return None
        finally:
            bench.fetching.cancel()
            bench.fetching = None
            bench.doing("")
            bench.refresh_bindings()
        lost = sum(count for reasons in found.get("left_out", {}).values() for count in reasons.values())
        bench.tell("new.fetch.lost" if lost else "new.fetch.here", name=name, count=lost)
        return found

    async def _ask(self, kind: str, name: str) -> dict[str, Any] | None:
        self._bench.tell("new.fetch.looking", name=name)
        try:
            return await self._bench.planning.planner.engine.ask(kind, name=name)
        except LabError as error:
            self._bench.tell("new.fetch.failed", "trouble", reason=f"{name}: {reason(error)}")
            return None

    async def _agreed(self, key: str, **values: object) -> bool:
        say = self._bench.say
        question = ConfirmScreen(say(f"new.fetch.{key}", **values), say("new.fetch.yes"), say("new.fetch.no"))
        agreed: bool | None = await self._bench.app.push_screen_wait(question)
        return bool(agreed)
