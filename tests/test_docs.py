"""What the documentation names is there: paths, make targets, links, and the imports that the diagrams draw."""

import re
import runpy
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").rglob("*.md")])
ROOMS = ("foreign", "i18n", "lab", "lessons", "store", "tui", "tests", "benchmarks", "docs", ".ci", ".github")
PATH = re.compile(rf"(?<![\w/.-])((?:{'|'.join(map(re.escape, ROOMS))})/[\w./-]*|[\w.-]+\.(?:toml|txt|yaml)(?![\w/]))")
"""A path below a room, or a file of the root."""
MADE_ELSEWHERE = {"course.toml", "ids.txt", "keys.toml", "lora.yaml", "my.yaml", "spec.yaml"}
"""Files of a course, a home or a run, and not of the repository."""
MODULE = re.compile(r"python -m ((?:lab|benchmarks|store|lessons)[\w.]*)")


def targets() -> set[str]:
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    return set(phony[1].split()) - {"all"}


def exists(path: str) -> bool:
    path = path.rstrip("./")
    return (ROOT / path).exists() or (ROOT / f"{path}.py").exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_and_module_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if page.name in ("CHANGELOG.md", "authoring.md"):  # these name what was, and the files of a reader's own course
        text = ""
    code = " ".join(re.findall(r"`([^`\n]+)`", text))
    named = {found for found in PATH.findall(code) if found not in MADE_ELSEWHERE}
    named |= {found.replace(".", "/") for found in MODULE.findall(text)}
    assert sorted(path for path in named if not exists(path)) == []
    links = re.findall(r"\]\(((?!https?:)[^)#\s]+)", page.read_text(encoding="utf-8"))
    assert sorted(link for link in links if not (page.parent / link).exists()) == []


def test_the_docs_name_every_make_target_and_no_other() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES if page.name != "CHANGELOG.md")
    named = set(re.findall(r"(?:^ {4}|`)make ([a-z][\w-]*)", text, re.MULTILINE))
    assert named == targets()
    command = ["make", "--no-print-directory", "help"]  # inside another make it would say which folder it enters
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"[\w-]+", listed.removeprefix("make"))) == targets() - {"help"}


def test_the_diagrams_show_the_imports_as_they_are() -> None:
    written = runpy.run_path(str(ROOT / "docs" / "diagram.py"))["written"]
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert page.count("-->") > 10
    assert page == written(page), "run: python docs/diagram.py"


def test_every_decision_is_listed_once() -> None:
    folder = ROOT / "docs" / "adr"
    files = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert re.findall(r"\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text()) == files
    assert [int(name[:4]) for name in files] == list(range(1, len(files) + 1))
    for name in files:
        text = (folder / name).read_text(encoding="utf-8")
        parts = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert parts == ["Context", "Decision", "Alternatives", "Consequences"], name
        assert re.search(r"^Date: 20\d\d-\d\d-\d\d$", text, re.MULTILINE), name
