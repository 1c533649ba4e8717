"""A language is one new file: with a pseudo-locale beside the others, the whole program speaks it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest

import i18n
from tests import pseudo_locale
from tui import locale
from tui.preferences import remembered

ROOT = Path(__file__).parents[2]


@pytest.fixture
def catalogues(tmp_path: Path) -> Path:
    """A copy of the catalogues' package with the pseudo-locale in it."""
    folder = tmp_path / "i18n"
    shutil.copytree(ROOT / "i18n", folder, ignore=shutil.ignore_patterns("*.mo", "__pycache__"))
    pseudo_locale.write(folder)
    return folder


def test_the_pseudo_locale_is_longer_and_keeps_what_is_filled_in(catalogues: Path) -> None:
    english = polib.pofile(str(ROOT / "i18n" / "en.po"), encoding="utf-8")
    pseudo = polib.pofile(str(catalogues / "qps.po"), encoding="utf-8")
    assert pseudo_locale.longer("{count} runs of ⟪app.help⟫") == "⟦{count} rûñs öf ⟪app.help⟫~~⟧"
    for before, after in zip(english, pseudo, strict=True):
        assert len(after.msgstr) >= len(before.msgstr) and len(after.msgstr_plural) == len(before.msgstr_plural)
        assert all(text.startswith("⟦") for text in after.msgstr_plural.values() or [after.msgstr])
    before, after = (sum(len(entry.msgstr) for entry in file) for file in (english, pseudo))
    assert after > 1.25 * before, "keys, names and code do not grow"


def test_the_language_key_and_the_first_frame_find_it(
    catalogues: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(i18n, "FOLDER", catalogues)
    assert i18n.languages() == ("en", "ko", "qps")
    assert [i18n.following(lang) for lang in i18n.languages()] == ["ko", "qps", "en"]
    assert [locale.say(lang, "key.app.language") for lang in ("en", "qps")] == ["한국어", "English"]
    assert locale.say("ko", "key.app.language").startswith("⟦")
    (tmp_path / "look.json").write_text('{"lang": "qps"}')
    assert remembered(tmp_path)[1] == "qps"
    (tmp_path / "look.json").unlink()
    for name, lang in (("qps.UTF-8", "qps"), ("ko_KR.UTF-8", "ko"), ("fr_FR.UTF-8", "en"), ("C", "en")):
        monkeypatch.setenv("LC_ALL", name)
        assert remembered(tmp_path)[1] == lang


def test_its_lessons_are_english_where_nobody_translated_them(catalogues: Path) -> None:
    """In a process of its own: a program lists its languages once."""
    script = (
        "from lessons.course import LANGS, NotGraded\n"
        "from lessons.loader import load_course, stale_sections\n"
        "from store.errors import StoreError\n"
        "assert LANGS == ('en', 'ko', 'qps'), LANGS\n"
        "track = load_course().tracks[0]\n"
        "lesson = track.lessons[0]\n"
        "for text in (track.title, lesson.title, lesson.summary, lesson.sections[0].blocks):\n"
        "    assert text['qps'] == text['en']\n"
        "assert lesson.sections[0].blocks['qps'] != lesson.sections[0].blocks['ko']\n"
        "assert NotGraded('one', 'two').text['qps'] == StoreError('one', 'two').text['qps'] == 'one'\n"
        "assert all('qps' not in section.translated_from for section in lesson.sections)\n"
        "from tui.cli.main import main\n"
        "import sys\n"
        "sys.argv = ['lowrank', 'read', lesson.id, '--lang', 'qps']\n"
        "main()\n"
    )
    env = {**os.environ, "PYTHONPATH": f"{catalogues.parent}{os.pathsep}{ROOT}", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=catalogues.parent, env=env, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 20
