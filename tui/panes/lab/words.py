"""Everything the lab pane says, in both languages; placeholders are the same in both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tui.words_en import EN as GENERAL_EN
from tui.words_ko import KO as GENERAL_KO

Lang = Literal["en", "ko"]
MISSING = ("unread", "not-yet", "none", "unknown")
"""The values of `lab.events.missing.Missing`."""


@dataclass(frozen=True)
class Words:
    """One language. Labels are at most 13 cells wide, so that the form fits the lab column."""

    new_run: str
    welcome: str
    looking: str
    waiting_behind: str
    labels: Mapping[str, str]
    meanings: Mapping[str, str]
    data: Mapping[str, str]
    methods: Mapping[str, str]
    rows: str
    on: str
    off: str
    all_layers: str
    not_used: str
    not_for_text: str
    need_whole: str
    need_number: str
    need_range: str
    need_layers: str
    starting: str
    refused: str
    start: str
    last_run: str
    series: Mapping[str, str]
    states: Mapping[str, str]
    verdicts: Mapping[str, str]
    verdict_remedies: Mapping[str, str]
    stages: Mapping[str, str]
    axes: Mapping[str, str]
    train_loss: str
    val_loss: str
    best: str
    best_at: str
    speed: str
    step: str
    left: str
    memory: str
    time: str
    tokens: str
    trainable: str
    of_total: str
    goes_on: str
    stop: str
    stop_now: str
    stop_again: str
    stopping: str
    ending: str
    new: str
    copy: str
    copied: str
    watch: str
    elsewhere: str
    folder: str
    more_files: str
    no_files: str
    missing: Mapping[str, str]
    ratio: str
    what: str
    where: str
    remedy: str
    lost: str
    could_not_start: str
    could_not_read: str


EN = Words(
    new_run="New run",
    welcome="Here you train an adapter for real. Press Enter to start with these values.",
    looking="Looking for runs …",
    waiting_behind="Waits behind {run}, number {position} in line.",
    labels={
        "model": "model",
        "data": "data",
        "method": "method",
        "rank": "rank",
        "layers": "layers",
        "iterations": "iterations",
        "batch": "batch size",
        "rate": "learning rate",
        "mask": "mask prompt",
        "seed": "seed",
    },
    meanings={
        "model": "The base the adapter sits on. Choose a quantized one and LoRA becomes QLoRA.",
        "data": "What there is to learn.",
        "method": "How the weights may change.",
        "rank": "Width of the update A·B. Twice the rank, twice the trainable parameters.",
        "layers": "How many blocks get an adapter, counted from the top. all (or -1) is every block.",
        "iterations": "Training steps. Each one learns from one batch.",
        "batch": "Examples per step. More of them make steadier steps and need more memory.",
        "rate": "How far one step goes. Too high and the loss explodes, too low and nothing is learned.",
        "mask": "Only the answer counts towards the loss, not the question.",
        "seed": "Same seed and same values, same run.",
    },
    data={
        "sql": "A question about a table → SQL.",
        "record": "A sentence → a JSON record, then a correction.",
        "journal": "Plain text to continue.",
    },
    methods={
        "lora": "LoRA learns a thin update A·B beside frozen weights.",
        "dora": "DoRA learns direction and size of the update apart: a little more work per step.",
        "full": "full trains every weight: the yardstick, and the costliest way.",
    },
    rows="{count} rows",
    on="on",
    off="off",
    all_layers="all",
    not_used="not used",
    not_for_text="not for text",
    need_whole="A whole number, please: {low} to {high}.",
    need_number="A number, please, like 0.0001 or 1e-4.",
    need_range="From {low} to {high}, please.",
    need_layers="all, or a whole number from 1 to {high}.",
    starting="Starting the engine …",
    refused="Not started: {reason}",
    start="Start",
    last_run="Last run",
    series={"train": "train", "smooth": "smoothed", "val": "val", "best": "best"},
    states={
        "waiting": "waiting for its turn",
        "running": "running",
        "stopping": "stopping",
        "finished": "finished",
        "stopped": "stopped",
        "failed": "failed",
        "lost": "lost",
    },
    verdicts={
        "worse": "It ends worse than it began: the loss is higher than before training.",
        "untrained": "Nothing was learned: training changed no weight.",
    },
    verdict_remedies={
        "worse": "Train again with a lower learning rate or a lower scale.",
        "untrained": "Train for more iterations, or accumulate the gradients of fewer of them.",
    },
    stages={
        "loading": "loading the model",
        "quantizing": "making the quantized base",
        "training": "training",
        "evaluating": "evaluating",
    },
    axes={"iteration": "iteration", "tokens": "tokens trained", "seconds": "time trained"},
    train_loss="train loss",
    val_loss="val loss",
    best="best",
    best_at="{loss}@{iteration}",
    speed="tokens/s",
    step="per step",
    left="time left",
    memory="peak mem",
    time="time",
    tokens="tokens",
    trainable="trainable",
    of_total="{part}/{whole}",
    goes_on="The run goes on if you close the program.",
    stop="Stop",
    stop_now="Stop now",
    stop_again="Press x again to stop. The adapter so far is kept. Esc: go on.",
    stopping="Stopping after this step; the adapter so far is kept.",
    ending="That takes too long: it is ended now, and what it saved last is kept.",
    new="New run",
    copy="Copy command",
    copied="Copied.",
    watch="Watch",
    elsewhere="A run has started elsewhere: {run}",
    folder="adapters/",
    more_files="… {count} more",
    no_files="No adapter was saved.",
    missing={key: GENERAL_EN[f"missing.{key}"] for key in MISSING},
    ratio="adapter {adapter} · base {base} · {percent}",
    what="what",
    where="where",
    remedy="remedy",
    lost="The engine is gone and left no word. What it saved is kept; start the run again.",
    could_not_start="The run did not start: {reason}",
    could_not_read="This run cannot be read: {reason}",
)

KO = Words(
    new_run="새 학습",
    welcome="여기서 어댑터를 직접 학습해 봐요. Enter를 누르면 이 값 그대로 시작해요.",
    looking="학습 기록을 찾고 있어요 …",
    waiting_behind="{run} 다음 차례를 기다려요. 대기 {position}번째예요.",
    labels={
        "model": "모델",
        "data": "데이터",
        "method": "방법",
        "rank": "랭크",
        "layers": "레이어",
        "iterations": "반복 횟수",
        "batch": "배치 크기",
        "rate": "학습률",
        "mask": "질문 가리기",
        "seed": "시드",
    },
    meanings={
        "model": "어댑터를 얹을 바탕 모델이에요. 양자화된 모델을 고르면 LoRA가 QLoRA가 돼요.",
        "data": "무엇을 배울지 정해요.",
        "method": "가중치를 어떻게 바꿀지 정해요.",
        "rank": "업데이트 A·B의 폭이에요. 랭크가 두 배면 학습할 파라미터도 두 배예요.",
        "layers": "어댑터를 붙일 블록 수예요. 위에서부터 세고, all(또는 -1)이면 전부예요.",
        "iterations": "학습 스텝 수예요. 한 스텝에 배치 하나를 배워요.",
        "batch": "한 스텝에 보는 예제 수예요. 많을수록 안정적이지만 메모리를 더 써요.",
        "rate": "한 스텝에 얼마나 움직일지 정해요. 너무 크면 손실이 폭발하고, 너무 작으면 배우지 못해요.",
        "mask": "손실을 계산할 때 질문은 빼고 답만 봐요.",
        "seed": "시드와 값이 같으면 결과도 같아요.",
    },
    data={
        "sql": "표에 대한 질문 → SQL이에요.",
        "record": "문장 → JSON 레코드, 그리고 고쳐 달라는 말이 이어져요.",
        "journal": "이어서 쓸 일반 글이에요.",
    },
    methods={
        "lora": "LoRA는 얼린 가중치 옆에서 얇은 업데이트 A·B만 배워요.",
        "dora": "DoRA는 업데이트의 방향과 크기를 따로 배워요. 스텝마다 일이 조금 더 늘어요.",
        "full": "full은 모든 가중치를 학습해요. 비교의 기준이자 가장 비싼 방법이에요.",
    },
    rows="{count}행",
    on="켬",
    off="끔",
    all_layers="all",
    not_used="쓰지 않음",
    not_for_text="글엔 안 써요",
    need_whole="{low}부터 {high}까지의 정수를 적어 주세요.",
    need_number="0.0001이나 1e-4 같은 수를 적어 주세요.",
    need_range="{low}부터 {high}까지 적어 주세요.",
    need_layers="all 또는 1부터 {high}까지의 정수를 적어 주세요.",
    starting="엔진을 시작하고 있어요 …",
    refused="시작하지 않았어요: {reason}",
    start="시작",
    last_run="지난 학습",
    series={"train": "학습", "smooth": "평활", "val": "검증", "best": "최저"},
    states={
        "waiting": "차례를 기다리는 중",
        "running": "진행 중",
        "stopping": "멈추는 중",
        "finished": "완료",
        "stopped": "멈춤",
        "failed": "실패",
        "lost": "끊김",
    },
    verdicts={
        "worse": "학습하기 전보다 나빠졌어요. 손실이 처음보다 높아요.",
        "untrained": "배운 것이 없어요. 학습했는데도 바뀐 가중치가 없어요.",
    },
    verdict_remedies={
        "worse": "학습률이나 scale을 낮춰서 다시 학습해 보세요.",
        "untrained": "반복 횟수를 늘리거나 gradient accumulation 횟수를 줄여 보세요.",
    },
    stages={
        "loading": "모델을 읽는 중",
        "quantizing": "양자화 모델을 만드는 중",
        "training": "학습 중",
        "evaluating": "평가 중",
    },
    axes={"iteration": "반복", "tokens": "학습한 토큰", "seconds": "학습한 시간"},
    train_loss="학습 손실",
    val_loss="검증 손실",
    best="최저",
    best_at="{loss}@{iteration}",
    speed="토큰/초",
    step="스텝 시간",
    left="남은 시간",
    memory="최대메모리",
    time="걸린 시간",
    tokens="토큰",
    trainable="학습 대상",
    of_total="{part}/{whole}",
    goes_on="프로그램을 닫아도 학습은 이어져요.",
    stop="멈추기",
    stop_now="정말 멈추기",
    stop_again="x를 한 번 더 누르면 멈춰요. 지금까지의 어댑터는 남아요. Esc: 계속하기",
    stopping="이번 스텝까지만 하고 멈춰요. 지금까지의 어댑터는 남아요.",
    ending="멈추는 데 너무 오래 걸려서 지금 끝내요. 마지막으로 저장한 어댑터는 남아요.",
    new="새 학습",
    copy="명령 복사",
    copied="복사했어요.",
    watch="지켜보기",
    elsewhere="다른 곳에서 학습이 시작됐어요: {run}",
    folder="adapters/",
    more_files="… {count}개 더",
    no_files="저장된 어댑터가 없어요.",
    missing={key: GENERAL_KO[f"missing.{key}"] for key in MISSING},
    ratio="어댑터 {adapter} · 모델 {base} · {percent}",
    what="무엇",
    where="어디서",
    remedy="해결",
    lost="엔진이 아무 말 없이 사라졌어요. 저장한 것은 남아 있으니 학습을 다시 시작해 주세요.",
    could_not_start="학습을 시작하지 못했어요: {reason}",
    could_not_read="이 기록을 읽을 수 없어요: {reason}",
)

LANGUAGES: Mapping[Lang, Words] = {"en": EN, "ko": KO}


def words(lang: Lang) -> Words:
    """The lab's words in one language."""
    return LANGUAGES[lang]
