"""`lowrank check`: clean on our own course, and each planted fault is found in its file and on its line."""

import dataclasses
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from lab.engine.commands import refusals as mlx_lm_refusals
from lessons.loader import BUNDLED, load_course
from lessons.translation_status import mark_translated
from lessons.validation.course import Report, check_course, find_root
from lessons.validation.ids import FILE, add_ids, ids_of, listed
from lessons.validation.layout_rules import CODE, MEASURE
from lessons.validation.lesson_files import Tools
from lessons.validation.problems import ERRORS, KINDS, Problem
from tui.cli import check as checking

LESSON = "lora/why-lora"
Plant = Callable[[Path], None]


def in_process(commands: Sequence[tuple[str, ...]]) -> list[str]:
    """As the command line asks, but mlx-lm in this process, which has it loaded anyway."""
    return [
        checking._lowrank(words[1:]) if words[0] == "lowrank" else mlx_lm_refusals([words])[0] for words in commands
    ]


TOOLS = Tools(checking._shape, checking._trial, lambda _: None, in_process)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOWRANK_HOME", str(tmp_path / "home"))


def check(root: Path) -> Report:
    return check_course(root, TOOLS)


def put(file: str, old: str, new: str) -> Plant:
    """Replace the first `old` in a file of the lesson, or of the course where the path begins with /."""

    def plant(root: Path) -> None:
        path = root / file[1:] if file.startswith("/") else root / LESSON / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return plant


def new_file(file: str, text: str = "x\n") -> Plant:
    return lambda root: (root / LESSON / file).write_text(text) and None


def second_lesson(first_needs: str = "", second_needs: str = "") -> Plant:
    """A copy of the lesson behind the first one, with these prerequisites."""

    def plant(root: Path) -> None:
        shutil.copytree(root / LESSON, root / "lora" / "second")
        put("/lora/track.toml", '["why-lora"]', '["why-lora", "second"]')(root)
        put("/lora/second/lesson.toml", 'id = "why-lora"', 'id = "second"')(root)
        put("/lora/second/lesson.toml", "number = 1", "number = 2")(root)
        put("/lora/second/lesson.toml", '"published"', '"draft"')(root)
        for id, needs in (("why-lora", first_needs), ("second", second_needs)):
            put(f"/lora/{id}/lesson.toml", "prerequisites = []", f"prerequisites = [{needs}]")(root)

    return plant


def both(*plants: Plant) -> Plant:
    def plant(root: Path) -> None:
        for each in plants:
            each(root)

    return plant


FAULTS: dict[str, tuple[Plant, str, str, str, str]] = {
    # name: what is done, the kind, the file, words on its line (or its first line), words of the problem
    "a key that the format does not know": (
        put("lesson.toml", "minutes = 17", "minuets = 14\nminutes = 17"),
        "content", "lesson.toml", "minuets", "not a key known here",
    ),
    "a question that was renamed": (
        both(put("lesson.toml", "zeros", "noughts"),
             *(put(f"{lang}/quiz.toml", "[zeros]", "[noughts]") for lang in ("en", "ko")),
             *(put(f"{lang}/quiz.toml", f"[zeros.options.{o}]", f"[noughts.options.{o}]")
               for lang in ("en", "ko") for o in ("free", "same-start", "full-rank", "learns-first"))),
        "id", "/ids.txt", "lora/why-lora?zeros", "the course no longer has it",
    ),
    "an id that nobody wrote down": (
        put("/ids.txt", "lora/why-lora?zeros/free\n", ""),
        "id", "lesson.toml", '["free", "same-start"', "lora/why-lora?zeros/free",
    ),
    "a prerequisite that does not exist": (
        put("lesson.toml", "prerequisites = []", 'prerequisites = ["lora/nothing"]'),
        "prerequisite", "lesson.toml", "prerequisites", "there is no lesson 'lora/nothing'",
    ),
    "prerequisites that go in a circle": (
        second_lesson('"lora/second"', '"lora/why-lora"'),
        "prerequisite", "lesson.toml", "prerequisites", "lora/why-lora → lora/second → lora/why-lora",
    ),
    "a prerequisite that comes later": (
        second_lesson('"lora/second"'),
        "prerequisite", "lesson.toml", "prerequisites", "comes after this lesson",
    ),
    "a paragraph that is in one language only": (
        put("ko/lesson.md", "{{diagram:update}}\n", "{{diagram:update}}\n\n한 문단이 더 있어요.\n"),
        "languages", "ko/lesson.md", "{#the-decomposition}", "other blocks",
    ),
    "a number that is in one language only": (
        put("ko/quiz.toml", "{{subspace_percent}}%", "90%"),
        "languages", "ko/quiz.toml", "90%", "the number 'subspace_percent' of the English text is missing",
    ),
    "a typed number that differs": (
        put("ko/lesson.md", "2025년 9월", "2024년 9월"),
        "languages", "ko/lesson.md", "2024년", "the English text has no 2024",
    ),
    "code that differs in a text": (
        put("ko/lesson.md", "`down_proj`", "`downproj`"),
        "languages", "ko/lesson.md", "`downproj`", "the code 'downproj' is not in the English text",
    ),
    "English left in the Korean": (
        put("ko/quiz.toml", 'prompt = "B는 왜 0으로 시작할까요?"', 'prompt = "Why does B start as zeros?"'),
        "languages", "ko/quiz.toml", "Why does B start", "is not Korean",
    ),
    "two options that say the same": (
        put("ko/quiz.toml", "첫 step을 베이스 모델 그대로에서 시작하려고", "첫 업데이트 전까지 메모리를 쓰지 않으려고"),
        "option", "ko/quiz.toml", "[zeros.options.same-start]\ntext", "says the same as the option 'free'",
    ),
    "an option whose explanation is another's": (
        lambda root: _same_why(root),
        "option", "en/quiz.toml", "[zeros.options.same-start]\n|why", "is explained as the option 'free' is",
    ),
    "an option that is not explained": (
        put("ko/quiz.toml", "0도 다른 숫자와 똑같이 바이트를 차지해요. B는 처음부터 제 크기 그대로예요.", "아니에요."),
        "option", "ko/quiz.toml", "아니에요.\"", "explains nothing",
    ),
    "a misconception that counts as right": (
        put("lesson.toml", 'only-a = "r * inputs"', 'only-a = "r * inputs + r * outputs"'),
        "answer", "lesson.toml", "only-a =", "'only-a' (81,920) counts as right",
    ),
    "two misconceptions that nobody could tell apart": (
        put("lesson.toml", 'no-moments = "billions * 8"', 'no-moments = "billions * 4"'),
        "answer", "lesson.toml", "no-moments =", "meets the words of 'weights-only'",
    ),
    "a prediction whose misconception has another's value": (
        put("lesson.toml", 'only-mlp = "layers * rank * 3 * (hidden + intermediate)"',
            'only-mlp = "layers * rank * (3 * hidden + kv_dim)"'),
        "answer", "lesson.toml", 'id = "sprout"|"only-mlp"', "meets the words of 'only-qv'",
    ),
    "a prediction about a model that nobody knows": (
        put("lesson.toml", '"preset:llama-3.2-1b"', '"preset:llama-9"'),
        "answer", "lesson.toml", 'id = "llama"', "cannot be judged",
    ),
    "a link without a host": (
        put("lesson.toml", "https://arxiv.org/abs/2012.13255", "https://arxiv/abs/2012.13255"),
        "link", "lesson.toml", "https://arxiv/", "names no host",
    ),
    "an address in the text": (
        put("en/lesson.md", "Three details are worth keeping:", "Three details of https://arxiv.org/x are worth it:"),
        "link", "en/lesson.md", "https://arxiv.org/x", "stands in the text",
    ),
    "code that is too wide": (
        put("code/count.py", "import math\n", f"import math  # {'x' * (CODE - 14)}\n"),
        "width", "code/count.py", "import math  #", f"a line of {CODE + 1} cells",
    ),
    "a diagram that is too wide": (
        put("code/update.txt", "          d²", f"{'═' * (MEASURE + 1)}\n          d²"),
        "width", "code/update.txt", "═", f"a line of {MEASURE + 1} cells",
    ),
    "an option that does not fit": (
        put("en/quiz.toml", "[zeros.options.free]\ntext = \"", f"[zeros.options.free]\ntext = \"{'free' * 18} "),
        "width", "en/quiz.toml", "freefree", "a word of 72 cells",
    ),
    "a reading time that is not true": (
        put("lesson.toml", "minutes = 17", "minutes = 7"),
        "minutes", "lesson.toml", "minutes = 7", "take about 17 minutes",
    ),
    "a number typed by hand": (
        put("en/lesson.md", "{{seven_parameters}} parameters, so", "6,738,415,616 parameters, so"),
        "number", "en/lesson.md", "6,738,415,616 parameters", "lesson.toml names it 'seven_parameters'",
    ),
    "a file that nothing refers to": (
        new_file("code/old.sh"), "unlisted", "code/old.sh", "", "knows no file of this name",
    ),
    "a flag of ours that does not exist": (
        put("code/train.sh", "--iters 400", "--steps 400"),
        "command", "code/train.sh", "lowrank train", "lowrank train: No such option: --steps",
    ),
    "a flag of mlx-lm that does not exist": (
        put("code/mlx.sh", "--mask-prompt", "--mask-prompts"),
        "command", "code/mlx.sh", "mlx_lm lora", "mlx_lm lora: unrecognized arguments: --mask-prompts",
    ),
    "Python that does not compile": (
        put("code/count.py", "header.pop(", "header.pop(("),
        "code", "code/count.py", "header.pop((", "is not Python",
    ),
    "work that is not finished": (
        put("en/exercise.toml", "[misconceptions.one-matrix]", "# TODO: say it better\n[misconceptions.one-matrix]"),
        "todo", "en/exercise.toml", "TODO", "still to be written: say it better",
    ),
}  # fmt: skip
"""Errors; the warnings are below."""


def _same_why(root: Path) -> None:
    path = root / LESSON / "en" / "quiz.toml"
    whys = path.read_text().split("[zeros.options.free]")[1].split("why = ")
    put("en/quiz.toml", whys[2].split("\n")[0], whys[1].split("\n")[0])(root)


def expected(root: Path, file: str, words: str) -> tuple[Path, int]:
    """The file, and the line where these words (parted by |) follow one another; a line break in them ends a line."""
    path = root / file[1:] if file.startswith("/") else root / LESSON / file
    text, position = path.read_text(encoding="utf-8"), 0
    for word in words.split("|"):
        position = text.index(word, position)
    position += len(words.split("|")[-1].rpartition("\n")[0]) + ("\n" in words.split("|")[-1])
    return path, text.count("\n", 0, position) + 1


DEMO = Path(__file__).parents[1] / "tui" / "tracks"
"""Has every kind of question, and problems of its own."""
KIND_FAULTS = [
    (put("/demo/after/lesson.toml", "--iters 100", "--itres 100"),
     "command", "lesson.toml", '"flag"|command =', "lowrank train: No such option: --itres"),
    (put("/demo/after/lesson.toml", "--iters 100", f"--iters 100 --data {'x' * CODE}"),
     "width", "lesson.toml", '"flag"|command =', "with its gap filled"),
    (put("/demo/after/lesson.toml", 'greatest = "top"', 'greatest = "best"'),
     "answer", "lesson.toml", "greatest =", "counts as right"),
    (put("/demo/after/lesson.toml", 'half = "r * inputs"', 'half = "8 * inputs"'),
     "answer", "lesson.toml", "half =", "counts as right for inputs = 512, r = 4"),
    (put("/demo/after/ko/quiz.toml", 'why = "한 시간을 쓰기 전에 무엇이 들어가는지 알려 줘요."', 'why = "네."'),
     "option", "ko/quiz.toml", "options.plan", "the option 'plan' explains nothing"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(KIND_FAULTS)))
def test_faults_of_the_other_kinds_of_questions(tmp_path: Path, number: int) -> None:
    root = Path(shutil.copytree(DEMO, tmp_path / "demo"))
    plant, kind, file, words, said = KIND_FAULTS[number]

    def found() -> list[Problem]:
        return [p for p in check(root).problems if p.kind == kind and said in p.what]

    assert not found()
    plant(root)
    place = expected(root, f"/demo/after/{file}", words)
    assert [(p.file, p.line) for p in found()] == [place], check(root).problems


def test_our_own_course_is_clean() -> None:
    assert check(BUNDLED).problems == ()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_where_it_is(root: Path, fault: str) -> None:
    plant, kind, file, words, said = FAULTS[fault]
    plant(root)
    place = expected(root, file, words)
    report = check(root)
    assert report.errors
    found = [(p.file, p.line, p.what) for p in report.problems if p.kind == kind]
    assert [what for path, line, what in found if (path, line) == place and said in what], (place, report.problems)
    assert all(p.remedy and p.line >= 1 and p.file.exists() and p.kind in KINDS for p in report.problems)


def test_there_are_at_least_twenty_five_faults_of_every_kind_of_error() -> None:
    assert len(FAULTS) >= 25
    assert {kind for _, kind, *_ in FAULTS.values()} == set(ERRORS)


WARNED = [
    (put("en/lesson.md", "Three details", "Three small details"),
     "stale", "ko/lesson.md", "{#the-decomposition}", "the English text has changed since"),
    (lambda root: shutil.rmtree(root / LESSON / "ko"), "untranslated", "lesson.toml", "id =", "there is no 'ko' text"),
    (put("lesson.toml", "[numbers]\n", "[numbers]\nspare = 5\n"), "unused", "lesson.toml", "spare = 5", "'spare'"),
    (put("en/quiz.toml", "[zeros.options.free]\ntext = \"", f"[zeros.options.free]\ntext = \"{'And so on. ' * 14}"),
     "guessable", "en/quiz.toml", "And so on.", "2.5 times as long"),
    (put("en/lesson.md", "{{diagram:update}}\n", "{{diagram:update}}\n" + "\nAnd so on.\n" * 12),
     "length", "en/lesson.md", "{#the-decomposition}", "two screens are 42"),
]  # fmt: skip


@pytest.mark.parametrize(("plant", "kind", "file", "words", "said"), WARNED, ids=[each[1] for each in WARNED])
def test_what_is_only_warned_of(root: Path, plant: Plant, kind: str, file: str, words: str, said: str) -> None:
    plant(root)
    found = [(p.file, p.line) for p in check(root).problems if p.kind == kind and said in p.what]
    assert found == [expected(root, file, words)]
    assert Problem(Path(), 1, kind, "", "").severity == "warning"


def test_a_translation_that_was_stamped_is_no_longer_stale(root: Path) -> None:
    put("en/lesson.md", "Three details", "Three small details")(root)
    mark_translated(root / LESSON, "lora", frozenset({"the-decomposition"}))
    assert check(root).problems == ()


def test_one_broken_lesson_does_not_hide_the_problems_of_another(root: Path) -> None:
    second_lesson()(root)
    put("/lora/second/lesson.toml", "minutes = 17", "minutes = 0")(root)
    put("lesson.toml", "minutes = 17", "minutes = 3")(root)
    kinds = {(p.file.parent.name, p.kind) for p in check(root).problems}
    assert {("second", "content"), ("why-lora", "minutes")} <= kinds
    assert "id" not in {kind for _, kind in kinds}


def test_the_list_of_ids_holds_what_progress_hangs_on(root: Path) -> None:
    course = load_course(root)
    ids = [id for track in course.tracks for lesson in track.lessons for id in ids_of(lesson)]
    assert len(ids) == len(set(ids)) == len(listed(root))
    (root / FILE).unlink()
    assert check(root).errors == 1
    assert list(add_ids(root, [each.lesson for each in check(root).loaded])) == ids
    assert add_ids(root, [each.lesson for each in check(root).loaded]) == ()
    assert set(listed(root)) == {id for id in listed(BUNDLED) if id.startswith(LESSON)}


def test_ids_of_a_draft_may_still_change(root: Path) -> None:
    second_lesson()(root)
    assert check(root).problems == ()
    drafts = [dataclasses.replace(each.lesson, status="draft") for each in check(root).loaded]
    assert add_ids(root, drafts) == ()


def test_a_folder_inside_a_course_is_found_in_it(root: Path) -> None:
    assert find_root(root / "lora" / "why-lora" / "en") == root
    assert find_root(root.parent) is None


def test_the_command_says_where_and_ends_with_1(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    monkeypatch.setattr(checking, "_mlx_lm", mlx_lm_refusals)
    assert checking.check(root) == 0
    put("lesson.toml", "minutes = 17", "minutes = 7")(root)
    capsys.readouterr()
    assert checking.check(root / LESSON) == 1
    out, err = capsys.readouterr()
    assert out == ("lora/why-lora/lesson.toml:6: error: 2,088 words take about 17 minutes, not 7; write minutes = 17\n")
    assert err == "1 lesson, 1 error, 0 warnings\n"
    assert checking.check(root, as_json=True) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["errors"], said["problems"][0]["kind"], said["problems"][0]["line"]) == (1, "minutes", 6)
    assert checking.check(root / LESSON / "ko") == 0
