"""The step of a build that compiles the catalogues: a wheel brings `.mo` files, which load without polib."""

from pathlib import Path
from typing import Any

import polib
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileCatalogues(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        for source in Path(self.root, "i18n").glob("*.po"):
            polib.pofile(str(source), encoding="utf-8").save_as_mofile(str(source.with_suffix(".mo")))
