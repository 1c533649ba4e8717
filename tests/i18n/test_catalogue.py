"""A catalogue is found, compiled when it has changed, and chooses among plural forms."""

import os
from pathlib import Path

import pytest

import i18n

HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: {forms};\\n"\n\n'
RUNS = 'msgid "runs"\nmsgid_plural "runs"\n'
ENGLISH = f"""{HEADER.format(forms="nplurals=2; plural=(n != 1)")}{RUNS}msgstr[0] "one run"
msgstr[1] "{{count:,}} runs"

msgid "plain"
msgstr "{{count}} of {{all}}"
"""
FORMS = "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 ? 1 : 2)"
UKRAINIAN = f"""{HEADER.format(forms=FORMS)}{RUNS}
msgstr[0] "{{count}} раз"
msgstr[1] "{{count}} рази"
msgstr[2] "{{count}} разів"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(i18n, "FOLDER", tmp_path)
    (tmp_path / "en.po").write_text(ENGLISH, encoding="utf-8")
    return tmp_path


def test_a_number_chooses_the_plural_form() -> None:
    assert i18n.text("en", "runs", count=1) == "one run" and i18n.text("en", "runs", count=1200) == "1,200 runs"
    assert i18n.text("en", "plain", count=3, all=4) == i18n.text("en", "plain", count="3", all="4") == "3 of 4"
    assert i18n.text("en", "plain") == "{count} of {all}", "nothing to fill in"


def test_a_language_is_one_new_file(folder: Path) -> None:
    (folder / "uk.po").write_text(UKRAINIAN, encoding="utf-8")
    assert [i18n.text("uk", "runs", count=n) for n in (1, 3, 5, 21)] == ["1 раз", "3 рази", "5 разів", "21 раз"]


def test_an_unknown_key_or_language_is_an_error() -> None:
    for key in ("nothing", "run"):
        with pytest.raises(KeyError):
            i18n.text("en", key)
    with pytest.raises(KeyError):
        i18n.text("en", "nothing", count=2)
    with pytest.raises(OSError):
        i18n.text("xx", "runs", count=1)


def test_it_is_compiled_once_and_again_when_its_source_is_newer(folder: Path) -> None:
    i18n.text("en", "plain")
    first = (folder / "en.mo").stat()
    i18n.load.cache_clear()
    i18n.text("en", "plain")
    assert (folder / "en.mo").stat().st_mtime_ns == first.st_mtime_ns
    source = folder / "en.po"
    source.write_text(source.read_text().replace("one run", "a single run"))
    os.utime(source, ns=(first.st_mtime_ns + 1, first.st_mtime_ns + 1))
    i18n.load.cache_clear()
    assert i18n.text("en", "runs", count=1) == "a single run"


def test_a_wheel_has_the_compiled_ones_only(folder: Path) -> None:
    i18n.text("en", "plain")
    (folder / "en.po").unlink()
    i18n.load.cache_clear()
    assert i18n.text("en", "runs", count=1) == "one run"


def test_a_folder_that_nobody_may_write_to_is_no_trouble(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> int:
        raise PermissionError

    monkeypatch.setattr(Path, "write_bytes", refused)
    assert i18n.text("en", "runs", count=1) == "one run" and not (folder / "en.mo").exists()
