"""What the quiz says of orders, gaps, hints and how sure one is; imported before its keys are bound."""

from tui.locale import extend

EN = {
    "key.quiz.hint": "hint",
    "key.quiz.sure": "how sure",
    "quiz.flag": "what belongs in the gap",
    "quiz.hint.order": "Choose in order: digit or space gives the next place, or takes it back. Enter answers.",
    "quiz.hint.flag": "Write it as you would in the terminal. Enter answers.",
    "quiz.hint.other-sizes": "Enter to try again with other numbers · n to leave it for later",
    "quiz.tag.place": "you put it at {n}",
    # hints
    "quiz.hints.label": "Hint {n}",
    "quiz.hints.key": "h",
    "quiz.hints.key-in-field": "F6",
    "quiz.hints.offer": "a hint: takes {cost} of the {worth} XP of this question",
    "quiz.hints.offer.quiet": "a hint",
    "quiz.hints.ask.quiet": "Hint {n} of {total}: {press} again shows it.",
    "quiz.hints.free": "a hint: costs nothing any more",
    "quiz.hints.ask": "Hint {n} of {total} takes {cost} XP off this question. {press} again shows it.",
    # how sure
    "quiz.sure.key": "s",
    "quiz.sure.key-in-field": "F7",
    "quiz.sure.ask": "How sure are you?",
    "quiz.sure.unsure": "not sure",
    "quiz.sure.fairly": "fairly",
    "quiz.sure.certain": "certain",
    "quiz.sure.unsure.right": "You were not sure, and it was right: you know more of this than you thought.",
    "quiz.sure.unsure.wrong": "You were not sure, and rightly so: here it pays to read once more.",
    "quiz.sure.fairly.right": "You were fairly sure, and right.",
    "quiz.sure.fairly.wrong": "You were fairly sure, and it was wrong: look once more at what is said above.",
    "quiz.sure.certain.right": "You were certain, and right.",
    "quiz.sure.certain.wrong": "You were certain, and it was wrong: such errors are mended best, once you see why.",
    "quiz.sure.tally": "So far {right} of {n} first answers called “{name}” were right.",
}

KO = {
    "key.quiz.hint": "힌트",
    "key.quiz.sure": "확신",
    "quiz.flag": "빈칸에 들어갈 것",
    "quiz.hint.order": "순서대로 고르세요. 숫자나 스페이스로 차례를 매기거나 취소하고, Enter로 답해요.",
    "quiz.hint.flag": "터미널에 치듯이 적고 Enter로 답해요.",
    "quiz.hint.other-sizes": "Enter로 다른 숫자로 다시 풀기 · n으로 나중에 풀기",
    "quiz.tag.place": "{n}번째로 골랐어요",
    # 힌트
    "quiz.hints.label": "힌트 {n}",
    "quiz.hints.key": "h",
    "quiz.hints.key-in-field": "F6",
    "quiz.hints.offer": "힌트 보기: 이 문제의 {worth} XP 중 {cost} XP가 줄어요",
    "quiz.hints.offer.quiet": "힌트 보기",
    "quiz.hints.ask.quiet": "힌트 {n}/{total}: {press} 키를 한 번 더 누르면 보여요.",
    "quiz.hints.free": "힌트 보기: 이제는 XP가 줄지 않아요",
    "quiz.hints.ask": "힌트 {n}/{total}: 보면 이 문제의 XP가 {cost} 줄어요. {press} 키를 한 번 더 누르면 보여요.",
    # 확신
    "quiz.sure.key": "s",
    "quiz.sure.key-in-field": "F7",
    "quiz.sure.ask": "얼마나 확신해요?",
    "quiz.sure.unsure": "잘 모르겠어요",
    "quiz.sure.fairly": "꽤 확신해요",
    "quiz.sure.certain": "확실해요",
    "quiz.sure.unsure.right": "잘 모르겠다고 했지만 맞혔어요. 생각보다 잘 알고 있네요.",
    "quiz.sure.unsure.wrong": "잘 모르겠다고 한 대로예요. 이 부분은 한 번 더 읽어 볼 만해요.",
    "quiz.sure.fairly.right": "꽤 확신한 답이 맞았어요.",
    "quiz.sure.fairly.wrong": "꽤 확신했지만 틀렸어요. 위의 설명을 한 번 더 살펴보세요.",
    "quiz.sure.certain.right": "확실하다고 한 답이 맞았어요.",
    "quiz.sure.certain.wrong": "확실하다고 했지만 틀렸어요. 이런 실수는 까닭을 알면 가장 잘 고쳐져요.",
    "quiz.sure.tally": "지금까지 처음에 ‘{name}’로 답한 {n}번 중 {right}번이 맞았어요.",
}

extend(EN, KO)
