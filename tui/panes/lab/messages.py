"""What the lab pane tells whoever holds it."""

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from lab.events.schema import LastWord


class Refused(Exception):
    """A run was not started; the text is for the learner, `field` is the RunSpec field at fault, if any."""

    def __init__(self, text: str, field: str = "") -> None:
        super().__init__(text)
        self.field = field


class RunStarted(Message, namespace="lab_pane"):
    """The pane started a run; `purpose` is what `start_run` was given."""

    def __init__(self, run_id: str, method: str, model: str, data: str, purpose: str) -> None:
        super().__init__()
        self.run_id, self.method, self.model, self.data = run_id, method, model, data
        self.purpose = purpose


class RunEnded(Message, namespace="lab_pane"):
    """A watched run has ended, or had ended before it was watched; posted once for each run."""

    def __init__(self, run_id: str, state: str, method: str, result: "LastWord | None") -> None:
        super().__init__()
        self.run_id, self.state, self.method, self.result = run_id, state, method, result


class Status(Message, namespace="lab_pane"):
    """What to show beside the pane's name, for example "●143/200"; empty when there is nothing to say."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
