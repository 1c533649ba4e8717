"""What every flag and YAML key of `mlx_lm lora` comes to here: honoured, mapped to ours, or refused with the reason.

`TABLE` is the truth. The tests hold it against mlx-lm's own parser and defaults, so that none is missing, and against
docs/mlx-lm-flags.md, which `python -m lab.mlx_flags` writes.
"""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from lab.errors import LabError
from lab.hyperparameters import by_name, hyperparameters
from lab.planning.machine import parse_memory
from lab.spec import OPTIMIZER_SETTINGS, LoraParameters, RunSpec, load_yaml, nearest, own_fields

RELEASE = "0.32.2"
"""The release of mlx-lm that the table was written for."""

Fate = Literal["honoured", "mapped", "refused"]


@dataclass(frozen=True)
class Entry:
    """`key` as in a YAML, with dots inside; `flag` as on mlx-lm's command line, "" where it has none; `there` is
    mlx-lm's default and `here` ours, as one would write them ("" where there is none to tell)."""

    key: str
    flag: str
    fate: Fate
    words: str
    there: str = ""
    here: str = ""


def _same(key: str, words: str, there: str, here: str | None = None, flag: str = "-") -> Entry:
    """One that is honoured; `here` is RunSpec's default where it is not told."""
    here = by_name()[key].written_default if here is None else here
    return Entry(key, "--" + key.replace("_", "-") if flag == "-" else flag, "honoured", words, there, here)


FEATURES: Final = {"prompt_feature": "prompt", "completion_feature": "completion", "text_feature": "text",
                   "chat_feature": "messages"}  # fmt: skip
"""mlx-lm's keys for the names of columns → the usual names."""

TABLE: Final = (
    _same("model", "Also takes the names of bundled models.", "Qwen/Qwen3-0.6b"),
    Entry("train", "--train", "mapped", "`lowrank train` always trains; `train: false` is refused.", "false", "true"),
    _same("data", "Also takes the names of bundled data sets.", "mlx-community/WikiSQL"),
    _same("fine_tune_type", "", "lora"),
    _same("optimizer", "", "adam"),
    _same("optimizer_config", "Names and types of each optimizer's settings are checked. Ours correct Adam's bias.",
          "no settings", "betas [0.9, 0.95], bias_correction", ""),
    *(_same(f"optimizer_config.{name}", f"{', '.join(settings)}.", "no settings", "betas [0.9, 0.95], bias_correction"
            if name.startswith("adam") else "no settings", "")
      for name, settings in OPTIMIZER_SETTINGS.items()),
    _same("mask_prompt", "Every assistant turn is learned; mlx-lm learns the last alone. Not said: where there are "
          "prompts.", "false", "where there are prompts"),
    _same("num_layers", "0, which mlx-lm takes for all, is refused.", "16"),
    _same("batch_size", "", "4"),
    _same("iters", "", "1000"),
    _same("val_batches", "The same rows every time.", "25"),
    _same("learning_rate", "Not said: 2e-3 for bundled models, for others by the adapter's strength.", "1e-5"),
    _same("steps_per_report", "", "10"),
    _same("steps_per_eval", "", "200"),
    _same("grad_accumulation_steps", "Weighed by tokens; what is left at the end is applied too, except with "
          "`--stock`.", "1"),
    _same("resume_adapter_file", "A warm start: the file must have the layout of this run's adapter.", "null"),
    _same("adapter_path", "The finished adapter is copied there; the run's folder keeps its own.", "adapters",
          "the run's folder"),
    _same("save_every", "", "100"),
    _same("test", "After training, with it: loss and perplexity of the last adapter on the test split. Without "
          "`--train`, which evaluates only, it is refused: `lowrank evaluate` does that.", "false"),
    _same("test_batches", "", "500"),
    _same("max_seq_length", "", "2048"),
    Entry("config", "-c/--config", "mapped", "As a flag it is honoured. In a YAML it is not followed, and that is "
          "said.", "null", ""),
    _same("grad_checkpoint", "", "false"),
    _same("clear_cache_threshold", "mlx-lm 0.32.2 reads it and takes no notice.", "0", "null: MLX keeps up to an "
          "eighth of memory, 128 MiB while it packs"),
    Entry("report_to", "--report-to", "refused", "Nothing is sent anywhere. Every figure is in the run's "
          "events.jsonl; `lowrank train --json` prints them, `lowrank report` writes them up.", "null"),
    Entry("project_name", "--project-name", "refused", "It names a project of wandb or swanlab. "
          "`lowrank note RUN --name …` names a run.", "null"),
    _same("seed", "", "0"),
    Entry("trust_remote_code", "--trust-remote-code", "refused", "Code that comes with a model or a tokenizer never "
          "runs here. Take a model whose family mlx-lm knows.", "false"),
    _same("lr_schedule", "Also takes `cosine` and `constant`. A YAML that names none means constant.", "null",
          flag=""),
    _same("lr_schedule.name", "cosine_decay, linear_schedule, exponential_decay or step_decay.", "", "", ""),
    _same("lr_schedule.arguments", "Their number and kind are checked; steps are updates, not iterations.", "", "", ""),
    _same("lr_schedule.warmup", "A warm-up that does not fit into the run is warned of.", "0", "0", ""),
    _same("lr_schedule.warmup_init", "", "0.0", "0.0", ""),
    _same("lora_parameters", "", "rank 8, dropout 0.0, scale 20.0", "rank 8, dropout 0.0, scale 20.0", ""),
    _same("lora_parameters.rank", "Also `--rank`.", "8", flag=""),
    _same("lora_parameters.scale", "Also `--scale`, or `--alpha`, which is scale × rank.", "20.0", flag=""),
    _same("lora_parameters.dropout", "Also `--dropout`.", "0.0", flag=""),
    _same("lora_parameters.keys", "Also `--keys`.", "null", flag=""),
    Entry("hf_dataset", "", "mapped", "With a path alone it is `data: PATH`, with the splits of the data set itself. "
          "Splits, columns, settings and several data sets are refused.", "null"),
    _same("hf_dataset.path", "Also under its older name, `name`.", "", "", ""),
    *(Entry(f"hf_dataset.{name}", "", "refused", "The data set's own splits and columns are read.", there)
      for name, there in (("config", "no settings"), ("train_split", "train[:80%]"), ("valid_split", "train[-10%:]"),
                          ("test_split", "null"), ("prompt_feature", "prompt"), ("completion_feature", "completion"),
                          ("text_feature", "text"), ("chat_feature", "messages"))),
    *(Entry(name, "", "refused", "Rows are read under the usual name: rename the column.", usual, usual)
      for name, usual in FEATURES.items()),
)  # fmt: skip
FATES: Final = {entry.key: entry for entry in TABLE}

OLD: Final[Mapping[str, str]] = {
    "lora_layers": "num_layers",
    "lora_rank": "rank, below lora_parameters",
    "r": "rank, below lora_parameters",
    **{
        each.label: "it below lora_parameters" for each in hyperparameters() if each.name.startswith("lora_parameters.")
    },
    "lora_scale": "scale, below lora_parameters",
    "lora_dropout": "dropout, below lora_parameters",
    "lora_alpha": "alpha",
    "target_modules": "keys, below lora_parameters",
    "use_dora": "fine_tune_type: dora",
    "train_type": "fine_tune_type",
    "steps_per_save": "save_every",
    "save_steps": "save_every",
    "eval_steps": "steps_per_eval",
    "logging_steps": "steps_per_report",
    "epochs": "iters, which is epochs × rows / batch_size",
    "num_epochs": "iters, which is epochs × rows / batch_size",
    "num_train_epochs": "iters, which is epochs × rows / batch_size",
    "max_steps": "iters",
    "steps": "iters",
    "lr": "learning_rate",
    "warmup": "it below lr_schedule",
    "warmup_steps": "warmup, below lr_schedule",
    "lr_scheduler_type": "lr_schedule",
    "optim": "optimizer",
    "weight_decay": "it below optimizer_config, below the optimizer's name",
    "gradient_accumulation_steps": "grad_accumulation_steps",
    "gradient_checkpointing": "grad_checkpoint",
    "per_device_train_batch_size": "batch_size",
    "max_length": "max_seq_length",
    "max_seq_len": "max_seq_length",
    "train_on_completions": "mask_prompt",
    "load_in_4bit": "bits: 4",
    "q_bits": "bits",
    "clip_grad_norm": "max_grad_norm",
    "gradient_clipping": "max_grad_norm",
    "output_dir": "adapter_path",
    "resume_from_checkpoint": "resume_adapter_file, or `lowrank resume RUN`",
    "wandb": "nothing: no figure is sent anywhere",
    "training_mode": "nothing: there is one way to train, on answers that are given",
}
"""Names of older releases and of other trainers → what to write now."""

BESIDE: Final = ("alpha", "train", "adapter_path", "lowrank", "config", "report_to", "project_name",
                 "trust_remote_code", "hf_dataset", *FEATURES)  # fmt: skip
"""Names that are taken and are no fields of a RunSpec."""


@dataclass
class Taken:
    """What a command line and a YAML came to: fields for `RunSpec.make`, what was done in another way than it was
    written, in words, and where the finished adapter is to be copied ("" for nowhere)."""

    fields: dict[str, Any]
    notes: list[str] = field(default_factory=list)
    adapter_path: str = ""


@dataclass
class _Desk:
    """What lies on the table while names are taken: `place` says where one was written, refusals are gathered."""

    fields: dict[str, Any]
    place: Callable[[str], str]
    notes: list[str] = field(default_factory=list)
    refused: list[LabError] = field(default_factory=list)

    def refuse(self, name: str, what: str, remedy: str = "") -> None:
        self.refused.append(LabError(what, where=self.place(name), remedy=remedy, usage=True))


def take(flags: Mapping[str, Any], config: Path | None = None) -> Taken:
    """What these flags come to, by the names they have in a YAML (`None` for one that was not given), over a file.

    Raises LabError that names everything that was asked for and is not done.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    file = load_yaml(config) if config else {}
    ours = "lowrank" in file

    def place(name: str) -> str:
        top = name.partition(".")[0]
        if config is None or (top in given and top != "lora_parameters"):
            return "--" + name.rpartition(".")[2].replace("_", "-")
        return f"{config.name}: {name}"

    desk = _Desk({}, place)
    kept = _named(own_fields(file, config.name) if config else {}, desk)
    folder = file.get("adapter_path")
    desk.fields = {**kept, **{name: value for name, value in given.items() if name != "lora_parameters"}}
    _lora(desk, kept.get("lora_parameters"), given.get("lora_parameters") or {})
    _rate(desk)
    _trains(desk, file, given)
    _refused(desk)
    _cache(desk)
    _data(desk)
    _warm(desk)
    for name in ("train", "config"):
        desk.fields.pop(name, None)
    _complain(desk.refused)
    return Taken(desk.fields, desk.notes, str(folder) if isinstance(folder, str) and folder and not ours else "")


def _named(fields: Mapping[str, Any], desk: _Desk) -> dict[str, Any]:
    """The fields whose names are known; of the others, what to write instead."""
    kept = {}
    for name, value in fields.items():
        if name in RunSpec.model_fields or name in BESIDE:
            kept[name] = value
        elif name in OLD:
            desk.refuse(name, "is not what it is called here", f"write {OLD[name]}")
        else:
            desk.refuse(name, "no such field", nearest(name, (*RunSpec.model_fields, "alpha", "adapter_path")))
    return kept


def _lora(desk: _Desk, in_file: Any, given: Mapping[str, Any]) -> None:
    """The adapter's parameters, with alpha worked out: elsewhere alpha / rank is what is called scale here."""
    if in_file is not None and not isinstance(in_file, dict):
        desk.refuse("lora_parameters", f"is not a mapping of names to values (got {in_file!r})")
        return
    lora = {**(in_file or {})}
    for name in list(lora):
        old = OLD.get(str(name), "").partition(",")[0]
        if old and not old.startswith("it "):
            desk.refuse(f"lora_parameters.{name}", "is not what it is called here", f"write {old}")
            del lora[name]
    if "scale" in given:
        lora.pop("alpha", None)
    lora |= given
    outer = desk.fields.pop("alpha", None)
    alpha = lora.pop("alpha", None) if outer is None else outer
    if alpha is not None:
        rank = lora.get("rank", RunSpec().lora_parameters.rank)
        if not isinstance(alpha, int | float) or isinstance(alpha, bool) or not alpha > 0:
            desk.refuse("alpha", f"is not a number above 0 (got {alpha!r})")
        elif "scale" in lora:
            desk.refuse("alpha", f"says the same as scale in another way, and scale is {lora['scale']} already",
                        "give one of the two: scale is alpha / rank")  # fmt: skip
        elif isinstance(rank, int) and rank > 0:
            lora["scale"] = alpha / rank
            desk.notes.append(f"alpha {alpha:g} at rank {rank} is scale {alpha / rank:g}")
    if lora:
        desk.fields["lora_parameters"] = lora


def _rate(desk: _Desk) -> None:
    """A schedule that is spelt out begins at a rate of its own."""
    schedule, rate = desk.fields.get("lr_schedule"), desk.fields.get("learning_rate")
    arguments = schedule.get("arguments") if isinstance(schedule, dict) else None
    if rate is not None and isinstance(arguments, list) and arguments and arguments[0] != rate:
        desk.notes.append(f"lr_schedule begins at {arguments[0]}, so the learning rate of {rate} is not used")


def _trains(desk: _Desk, file: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """mlx-lm trains only when told to; what only tests there does not train here."""
    told = given.get("train") or file.get("train")
    if desk.fields.get("test") and not told:
        desk.refuse("test", "without --train, mlx-lm only evaluates, and this command trains",
                    "add --train to test after training, or `lowrank evaluate last` for the newest run")  # fmt: skip
    elif file.get("train") is False and not told:
        desk.refuse("train", "is false, and this command always trains", "write train: true, or add --train")


def _refused(desk: _Desk) -> None:
    for name in ("report_to", "project_name", "trust_remote_code"):
        if desk.fields.pop(name, None):
            what, _, remedy = FATES[name].words.partition(". ")
            desk.refuse(name, _begun_small(what), _begun_small(remedy.rstrip(".")))
    if desk.fields.pop("config", None):
        desk.notes.append("a config that is named inside a YAML is not followed, as in mlx-lm")


def _begun_small(text: str) -> str:
    return text[:1].lower() + text[1:]


def _cache(desk: _Desk) -> None:
    asked = desk.fields.get("clear_cache_threshold")
    if isinstance(asked, str):
        try:
            desk.fields["clear_cache_threshold"] = parse_memory(asked)
        except LabError as error:
            desk.refuse("clear_cache_threshold", error.what, "write it like 2GB")


def _data(desk: _Desk) -> None:
    """Names of columns, and data sets of the hub as mlx-lm's YAML describes them."""
    for name, usual in FEATURES.items():
        asked = desk.fields.pop(name, usual)
        if asked != usual:
            desk.refuse(name, f"rows are read under {usual}", f"rename {asked} to {usual} in every row, for instance "
                        f"with jq -c '.{usual} = .{asked} | del(.{asked})'")  # fmt: skip
    asked = desk.fields.pop("hf_dataset", None)
    if not asked:
        return
    if isinstance(asked, list) and len(asked) == 1:
        asked = asked[0]
    if isinstance(asked, list):
        desk.refuse("hf_dataset", "several data sets at once are not read",
                    "put their rows into one folder and give it as data")  # fmt: skip
        return
    path = asked.get("path", asked.get("name")) if isinstance(asked, dict) else None
    if not isinstance(path, str) or not path:
        desk.refuse("hf_dataset", "names no data set", "write data: org/name")
        return
    more = [str(name) for name, value in asked.items()
            if name not in ("path", "name") and FEATURES.get(str(name)) != value]  # fmt: skip
    if more:
        desk.refuse("hf_dataset", f"{', '.join(more)} cannot be chosen here", f"write data: {path}, whose own splits "
                    "and columns are read, or put rows of prompt and completion into a folder")  # fmt: skip
        return
    desk.fields["data"] = path
    desk.notes.append(f"hf_dataset is read as data: {path}, with the splits of the data set itself")


def _warm(desk: _Desk) -> None:
    """A file to begin from, by its whole path, since a run may be resumed from anywhere."""
    asked = desk.fields.get("resume_adapter_file")
    if not isinstance(asked, str) or not asked:
        return
    path = Path(asked).expanduser().resolve()
    desk.fields["resume_adapter_file"] = str(path)
    if not path.is_file():
        inside = path / "adapters.safetensors"
        remedy = f"give {shlex.quote(str(inside))}" if inside.is_file() else "give an adapter's safetensors file"
        desk.refuse("resume_adapter_file", f"there is no file {path}", remedy)


def _complain(refused: list[LabError]) -> None:
    """Raise one error for all of them."""
    if len(refused) == 1:
        raise refused[0]
    if refused:
        raise LabError(" · ".join(str(each) for each in refused), usage=True)


def old_flag(flag: str) -> str:
    """What to write in place of a flag of older releases or of other trainers; "" if it is none."""
    told = OLD.get(flag.lstrip("-").replace("-", "_"), "")
    head, _, value = told.partition(",")[0].partition(": ")
    if head in RunSpec.model_fields or head in BESIDE or head in LoraParameters.model_fields:
        return f"write --{head.replace('_', '-')} {value}".rstrip()
    return f"write {told}, in a YAML given with -c" if "below" in told else told


def page() -> str:
    """docs/mlx-lm-flags.md."""
    counts = {fate: sum(entry.fate == fate for entry in TABLE) for fate in ("honoured", "mapped", "refused")}
    lines = [
        f"# Every flag and YAML key of `mlx_lm lora` {RELEASE}, and what it does here",
        "",
        "Written by `python -m lab.mlx_flags` from the table in `lab/mlx_flags.py`, which the tests hold against",
        "mlx-lm's own parser and defaults. None is dropped in silence: what is mapped or refused is named, with what",
        "to do.",
        "",
        f"{len(TABLE)} names: {counts['honoured']} honoured, {counts['mapped']} mapped, {counts['refused']} refused,"
        " 0 silent.",
        "",
        "| YAML key | flag of mlx-lm | here | default there | default here | |",
        "|---|---|---|---|---|---|",
    ]
    for entry in TABLE:
        cells = [f"`{entry.key}`", f"`{entry.flag}`" if entry.flag else "", entry.fate, entry.there, entry.here]
        lines.append(f"| {' | '.join(cells)} | {entry.words} |")
    lines += [
        "",
        "## Names of older releases and of other trainers",
        "",
        "They are refused with what to write now.",
        "",
    ]
    lines += ["| name | write |", "|---|---|"]
    lines += [f"| `{name}` | {told} |" for name, told in OLD.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
