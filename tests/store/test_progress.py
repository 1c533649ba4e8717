"""Progress is a pure replay: the same in any order, each thing paid once, never too much."""

import random

import learned
from hypothesis import given
from hypothesis import strategies as st
from learned import COURSE, ONE, QUESTIONS, TWO, event, everything, later, logs

from lessons.loader import load_course
from store.event import RESET, RESET_UNDONE, Event
from store.progress import Account, CourseIds, Progress, calibration, content_total, course_ids, replay
from store.xp import LEVELS, XP, question_xp, standing

EMPTY = CourseIds({}, total=51)


def paid(progress: Progress) -> list[tuple[str, str, int]]:
    return [award[:3] for award in progress.awards]


def test_nothing_done_is_curious_at_nought_of_a_hundred() -> None:
    progress = replay([], COURSE)
    assert (progress.level, progress.level_name) == (0, "Curious")
    assert (progress.xp, progress.xp_in_level, progress.xp_to_next) == (0, 0, 100)
    assert (progress.lessons_done, progress.lessons_total, progress.percent) == (0, 51, 0)
    assert (progress.achievements, progress.achievements_total) == ((), 15)
    assert progress.awards == ()


def test_everything_done_earns_exactly_what_the_content_holds() -> None:
    progress = replay(everything(), COURSE)
    assert progress.xp == content_total(COURSE) == 3 * 5 + 3 * (7 + 3) + 20 + 50
    assert progress.xp == sum(award.xp for award in progress.awards)
    assert progress.lessons_done_ids == {"lora/one", "lora/two"}
    assert (progress.lessons_done, progress.percent) == (2, 3.9)
    assert progress.achievements == ("two-tongues", "full-marks", "close-call", "whole-track", "first-light")
    assert progress.questions_right == {*ONE.questions, *TWO.questions}
    assert progress.exercises_done == {"lora/one!count"}
    assert len(progress.runs_finished) == 5


def test_a_wrong_first_answer_costs_the_first_try_only() -> None:
    wrong, right = (
        event("question.answered", "lora/one?x", right=r, chosen=[c]) for r, c in ((False, "a"), (True, "b"))
    )
    assert replay([wrong], COURSE).awards == ()
    progress = replay([wrong, right, right], COURSE)
    assert paid(progress) == [("lora/one?x", "question", 5)]
    answered = progress.questions["lora/one?x"]
    assert (answered.right, answered.tries, answered.first_try, answered.chosen) == (True, 2, False, ["b"])
    later = event("question.answered", "lora/one?x", right=False, chosen=["a"])
    assert replay([wrong, right, later], COURSE).questions["lora/one?x"].right


def test_hints_come_off_the_award_of_their_own_question_and_off_nothing_else() -> None:
    def earned(*hints: object) -> dict[str, int]:
        shown = [event("hint.used", "lora/one?x", hint=hint) for hint in hints]
        answers = [event("question.answered", item, right=True) for item in ONE.questions]
        return {f"{a.item} {a.award}": a.xp for a in replay([*shown, *answers], COURSE).awards}

    usual = earned()
    assert usual == {
        "lora/one?x question": 5,
        "lora/one?x first-try": 2,
        "lora/one?y question": 5,
        "lora/one?y first-try": 2,
    }
    assert [earned(*range(1, n + 1)) for n in range(1, 4)] == [{**usual, "lora/one?x question": n} for n in (3, 1, 0)]
    assert earned(1, 1) == earned(1)
    assert earned(0, True, "1", 1.5, None) == usual


def test_a_hint_after_the_right_answer_costs_nothing() -> None:
    right = event("question.answered", "lora/one?x", right=True)
    hint = event("hint.used", "lora/one?x", hint=1)
    progress = replay([hint, right], COURSE)
    assert progress.xp == 7
    assert progress.hints == {"lora/one?x": {1}}
    assert replay([event("hint.used", "lora/gone?x", hint=1)], COURSE).hints == {}


def test_a_question_answered_after_its_last_hint_is_done_all_the_same() -> None:
    hints = [event("hint.used", "lora/two?x", hint=n) for n in (1, 2, 3)]
    done = [event("section.read", "lora/two#a", lang="en"), event("question.answered", "lora/two?x", right=True)]
    assert replay([*hints, *done], COURSE).lessons_done_ids == {"lora/two"}


def test_confidence_counts_for_the_first_answer_only() -> None:
    said = [("lora/one?x", False, "certain"), ("lora/one?x", True, "unsure"), ("lora/one?y", True, "certain")]
    answers = [event("question.answered", item, right=r, confidence=c, attempt=3) for item, r, c in said]
    odd = event("question.answered", "lora/two?x", right=True, confidence=["certain"], attempt=True)
    questions = replay([*answers, odd], COURSE).questions
    assert calibration(questions.values()) == {"unsure": (0, 0), "fairly": (0, 0), "certain": (1, 2)}
    assert [questions[item].attempt for item in ("lora/one?x", "lora/two?x")] == [3, 0]


def test_only_right_answers_of_true_count() -> None:
    assert replay([event("question.answered", "lora/one?x", right="false")], COURSE).xp == 0


def test_runs_of_an_exercise_are_kept_by_name_and_those_without_one_still_count() -> None:
    started = [("old", {}), ("r1", {"name": "lora"}), ("r2", {"name": "full"}), ("r3", {"name": "lora"})]
    log = [event("exercise.run", "lora/one!count", run=run, **name) for run, name in started]
    state = replay(log, COURSE).exercises["lora/one!count"]
    assert state.runs == {"": "old", "lora": "r3", "full": "r2"}


def test_an_exercise_keeps_the_first_lock_and_the_last_words() -> None:
    item = "lora/one!count/here"
    progress = replay(
        [
            event("prediction.locked", item, value=1.0, text="1"),
            event("prediction.locked", item, value=100.0, text="100"),
            event("exercise.run", "lora/one!count", run="r1"),
            event("exercise.measured", item, truth=100, value=1.0),
            event("exercise.measured", item, truth=100, value=100.0),
            event("exercise.explained", "lora/one!count", sentences="First. Words."),
            event("exercise.explained", "lora/one!count", sentences="Last. Words."),
            event("exercise.explained", "lora/one!count", sentences="  "),
        ],
        COURSE,
    )
    state = progress.exercises["lora/one!count"]
    assert state.locked[item]["value"] == 1.0
    assert state.measured[item]["value"] == 1.0
    assert (state.runs, state.sentences) == ({"": "r1"}, "Last. Words.")
    assert paid(progress) == [("lora/one!count", "measured", 10), ("lora/one!count", "explained", 10)]
    assert "close-call" not in progress.achievements


def test_words_without_a_measurement_earn_nothing_yet() -> None:
    words = event("exercise.explained", "lora/one!count", sentences="I think so. So it is.")
    assert replay([words], COURSE).xp == 0
    measured = event("exercise.measured", "lora/one!count/here", truth=1, value=9)
    assert replay([words, measured], COURSE).xp == 20


def test_a_prediction_is_close_within_five_percent() -> None:
    def unlocked(**payload: object) -> tuple[str, ...]:
        return replay([event("exercise.measured", "lora/one!count/here", **payload)], COURSE).achievements

    assert unlocked(truth=100, value=95) == ("close-call",)
    assert unlocked(truth=100, value=105.1) == ()
    assert unlocked(truth=None, value=100) == ()
    assert unlocked(truth=10**400, value=1.0) == ()


def test_both_languages_means_the_same_section() -> None:
    korean = event("section.read", "lora/one#b", lang="ko")
    english = event("section.read", "lora/one#a", lang="en")
    assert replay([korean, english], COURSE).achievements == ()
    assert replay([korean, english, event("section.read", "lora/one#a", lang="ko")], COURSE).achievements == (
        "two-tongues",
    )


def test_full_marks_need_every_question_of_the_lesson_at_the_first_try() -> None:
    answers = [event("question.answered", item, right=True) for item in ONE.questions]
    assert replay(answers, COURSE).achievements == ("full-marks",)
    assert replay(answers[:1], COURSE).achievements == ()
    missed = [event("question.answered", "lora/one?x", right=r) for r in (False, True)]
    assert replay([*missed, answers[1]], COURSE).achievements == ()


def test_only_the_first_run_of_each_method_is_paid() -> None:
    started = [event("run.started", run, method="LoRA") for run in ("r1", "r2")]
    finished = [event("run.finished", run) for run in ("r1", "r1", "r2")]
    progress = replay(started + finished, COURSE)
    assert paid(progress) == [("LoRA", "run", 10)]
    assert progress.runs_finished == {"r1", "r2"}
    unknown = [
        event("run.started", "r3", method="magic"),
        event("run.finished", "r3"),
        event("run.finished", "r4"),
    ]
    assert replay(unknown, COURSE).xp == 0


def test_where_the_learner_was() -> None:
    progress = replay(
        [
            event("language.set", lang="ko"),
            event("lesson.position", "lora/one", section="lora/one#b", block=3),
            event("lesson.position", "lora/two", section="lora/two#a"),
            event("lesson.position", "lora/gone", section="lora/gone#a", block=1),
        ],
        COURSE,
    )
    assert progress.language == "ko"
    assert progress.last_lesson == "lora/two"
    assert progress.position == {"lora/one": "lora/one#b", "lora/two": "lora/two#a"}
    assert progress.position_block == {"lora/one": 3, "lora/two": 0}


def test_levels_rise_and_a_course_of_51_lessons_fills_them() -> None:
    assert [level.start for level in LEVELS] == sorted({level.start for level in LEVELS})
    assert len({level.name for level in LEVELS}) == len(LEVELS) == 10
    assert standing(99) == (0, "Curious", 99, 100)
    assert standing(100) == (1, "Observer", 0, 200)
    written = course_ids(load_course())
    lesson = (content_total(written) - content_total(CourseIds({}, 0))) / len(written.lessons)
    assert standing(int(51 * lesson)).to_next == 0
    assert standing(int(47 * lesson)).level == len(LEVELS) - 2


@given(logs(), st.lists(st.integers(min_value=0, max_value=39), max_size=20), st.booleans())
def test_an_account_kept_event_by_event_equals_a_replay(events: list[Event], again: list[int], sort: bool) -> None:
    account, given_so_far = Account(COURSE), []
    repeated = [events[number] for number in again if number < len(events)]
    for each in (sorted(events) if sort else events) + repeated:
        account.add(each)
        given_so_far.append(each)
        assert account.progress == replay(given_so_far, COURSE)
    assert account.progress == replay(reversed(events), COURSE)


@given(logs())
def test_what_was_shown_does_not_change_when_more_is_done(events: list[Event]) -> None:
    account = Account(COURSE, events[::2])
    before = account.progress
    account.extend(events[1::2])
    assert before == replay(events[::2], COURSE)


@given(logs(), logs())
def test_what_was_done_before_a_reset_counts_for_nothing_until_that_is_undone(
    events: list[Event], after: list[Event]
) -> None:
    done = [each._replace(id="0" + each.id) for each in events if each.kind not in (RESET, RESET_UNDONE)]
    reset = Event("1" * 32, "a" * 16, "", RESET)  # later than all of them, and before the year 3000
    since = [each._replace(id="g" + each.id) for each in after if each.kind not in (RESET, RESET_UNDONE)]
    lasting = [each for each in done if each.kind in ("language.set", "setting.set")]
    progress = replay([*done, reset, *since], COURSE)
    assert progress.awards == replay([*lasting, *since], COURSE).awards
    assert (progress.settings, progress.reset) == (replay([*done, *since], COURSE).settings, reset.id)
    undone = event(RESET_UNDONE, reset=reset.id)
    assert replay([*done, reset, *since, undone], COURSE) == replay([*done, *since], COURSE)


def test_of_two_resets_each_is_undone_by_itself() -> None:
    steps = [event("section.read", "lora/two#a", lang="en"), event(RESET), event("section.read", ONE.sections[0])]
    steps += [event(RESET), event("section.read", ONE.sections[1])]
    assert replay(steps, COURSE).sections_read == {ONE.sections[1]}
    steps.append(event(RESET_UNDONE, reset=steps[3].id))
    assert replay(steps, COURSE).sections_read == {*ONE.sections}
    steps.append(event(RESET_UNDONE, reset=steps[1].id))
    assert replay(steps, COURSE).sections_read == {*ONE.sections, "lora/two#a"}


def test_a_review_is_paid_once_on_a_later_day_and_only_when_right() -> None:
    right = event("question.answered", "lora/one?x", right=True)
    reviews = [event("review.done", "lora/one?x", right=r, rating=3) for r in (True, False, True, True)]

    def earned(*days: float) -> list[tuple[str, str, int]]:
        when = [later(each, day) for each, day in zip(reviews, days, strict=False)]
        return paid(replay([right, *when], COURSE))[2:]

    assert earned(0) == []
    assert earned(-3) == []
    assert earned(2) == earned(2, 3, 4, 5) == [("lora/one?x", "review", 3)]
    assert earned(0, 3) == []
    assert earned(0, 3, 5) == [("lora/one?x", "review", 3)]
    assert paid(replay([later(reviews[0])], COURSE)) == []


def test_an_award_says_which_event_gave_it() -> None:
    steps = [event("question.answered", QUESTIONS[0], right=r) for r in (False, True)]
    (award,) = replay(steps, COURSE).awards
    assert (award.event, award.at) == (steps[1].id, steps[1].at)


@given(logs(), st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(events: list[Event], chance: random.Random) -> None:
    shuffled = events + chance.choices(events, k=len(events)) if events else []
    chance.shuffle(shuffled)
    assert replay(shuffled, COURSE) == replay(events, COURSE)


@given(logs())
def test_each_thing_is_paid_once_and_never_more_than_the_content_holds(events: list[Event]) -> None:
    progress = replay(events, COURSE)
    paid = [(award.item, award.award) for award in progress.awards]
    assert len(paid) == len(set(paid))
    assert progress.xp == sum(award.xp for award in progress.awards) <= content_total(COURSE)
    assert len(set(progress.achievements)) == len(progress.achievements)
    assert 0 <= progress.percent <= 100
    assert replay(events, EMPTY).xp <= content_total(EMPTY) == 50


_hints = st.builds(
    Event,
    id=st.uuids(version=4).map(str),
    device=st.just("a" * 16),
    at=st.just("2026-09-01T10:00:00.000+09:00"),
    kind=st.sampled_from(["hint.used", "question.answered"]),
    item=st.sampled_from([*ONE.questions, *TWO.questions]),
    payload=st.fixed_dictionaries({"hint": st.integers(min_value=-1, max_value=5), "right": st.booleans()}),
)


@given(st.lists(_hints, max_size=30, unique_by=lambda event: event.id), st.randoms(use_true_random=False))
def test_however_many_hints_no_award_is_negative_or_depends_on_the_order(
    events: list[Event], chance: random.Random
) -> None:
    progress = replay(events, COURSE)
    shuffled = events + chance.choices(events, k=len(events)) if events else []
    chance.shuffle(shuffled)
    assert replay(shuffled, COURSE) == progress
    assert 0 <= progress.xp <= content_total(COURSE)
    awards = {award.item: award.xp for award in progress.awards if award.award == "question"}
    for item, earned in awards.items():
        first = min(e.id for e in events if e.item == item and e.kind == "question.answered" and e.payload["right"])
        before = {e.payload["hint"] for e in events if e.item == item and e.kind == "hint.used" and e.id < first}
        assert earned == question_xp(sum(1 for hint in before if hint > 0))  # type: ignore[operator]
        assert 0 <= earned <= XP["question"]


@given(logs(), learned.events)
def test_a_later_event_takes_nothing_away(events: list[Event], another: Event) -> None:
    before = replay(events, COURSE)
    latest = Event("g", another.device, another.at, another.kind, another.item, another.payload)
    after = replay([*events, latest], COURSE)
    assert after.awards[: len(before.awards)] == before.awards
    assert after.achievements[: len(before.achievements)] == before.achievements
    assert after.sections_read >= before.sections_read
    assert after.lessons_done_ids >= before.lessons_done_ids
