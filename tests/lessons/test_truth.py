"""What lesson 1 says about mlx-lm, asked of mlx-lm itself."""

import json
import runpy
import shlex
import sys
from pathlib import Path

import mlx.core as mx
import mlx.optimizers as optim
import mlx_lm
import pytest
from mlx.utils import tree_flatten
from mlx_lm.lora import CONFIG_DEFAULTS, build_parser
from mlx_lm.models.llama import Model, ModelArgs
from mlx_lm.tuner.lora import LoRALinear
from mlx_lm.tuner.utils import linear_to_lora_layers
from mlx_lm.utils import get_total_parameters, save_config

from lessons.course import Code, Prediction
from lessons.formula import evaluate
from lessons.grading import truth_of
from lessons.loader import BUNDLED, load_lesson

FOLDER = BUNDLED / "lora" / "why-lora"
LESSON = load_lesson(FOLDER, "lora")
SAID = LESSON.numbers
DEFAULTS = {"rank": 8, "scale": 20.0, "dropout": 0.0}


def llama(hidden: int, intermediate: int, blocks: int, heads: int, kv_heads: int, vocab: int, tied: bool) -> Model:
    """A Llama of this shape whose weights nobody computes: MLX makes them when they are needed."""
    return Model(
        ModelArgs(
            model_type="llama",
            hidden_size=hidden,
            num_hidden_layers=blocks,
            intermediate_size=intermediate,
            num_attention_heads=heads,
            num_key_value_heads=kv_heads,
            rms_norm_eps=1e-5,
            vocab_size=vocab,
            tie_word_embeddings=tied,
        )
    )


SEVEN = (4096, 11008, 32, 32, 32, 32000, False)
ONE = (2048, 8192, 16, 32, 8, 128256, True)
SPROUT = (192, 512, 6, 4, 4, 1024, True)


def adapted(shape: tuple[int, int, int, int, int, int, bool], layers: int = -1) -> Model:
    model = llama(*shape)
    model.freeze()
    linear_to_lora_layers(model, layers, dict(DEFAULTS))
    return model


def trained(model: Model) -> dict[str, mx.array]:
    return dict(tree_flatten(model.trainable_parameters()))


def test_the_lesson_speaks_of_the_version_that_is_installed() -> None:
    assert SAID["mlx_lm"] == mlx_lm.__version__


@pytest.mark.parametrize(
    ("shape", "name"), [(SEVEN, "seven_parameters"), (ONE, "one_parameters"), (SPROUT, "sprout_parameters")]
)
def test_the_parameters_of_the_models(shape: tuple[int, int, int, int, int, int, bool], name: str) -> None:
    assert get_total_parameters(llama(*shape)) == SAID[name]


def test_the_worked_example() -> None:
    values = trained(adapted(SEVEN))
    assert sum(value.size for value in values.values()) == SAID["seven_adapter"]
    first = {name: value.size for name, value in values.items() if name.startswith("model.layers.0.")}
    assert sum(first.values()) == SAID["seven_block"]
    assert sum(n for name, n in first.items() if "q_proj" in name) == SAID["seven_thin"]
    assert sum(n for name, n in first.items() if "down_proj" in name) == SAID["seven_mlp_thin"]


@pytest.mark.parametrize("shape", [SPROUT, ONE])
def test_the_truth_of_the_exercise(shape: tuple[int, int, int, int, int, int, bool]) -> None:
    hidden, intermediate, blocks, heads, kv_heads, vocab, _ = shape
    names = {
        "hidden": hidden,
        "intermediate": intermediate,
        "layers": blocks,
        "blocks": blocks,
        "kv_dim": kv_heads * hidden // heads,
        "vocab": vocab,
        "rank": 8,
    }
    assert LESSON.exercise
    prediction = next(step for step in LESSON.exercise.steps if step.id == "llama")
    assert isinstance(prediction, Prediction)
    assert truth_of(prediction, names) == sum(value.size for value in trained(adapted(shape)).values())
    whole = next(m for m in prediction.misconceptions if m.id == "whole-model")
    assert evaluate(whole.formula, names) == get_total_parameters(llama(*shape))


def test_what_is_adapted_and_what_stays() -> None:
    model = adapted(SPROUT)
    layers = {name for name, module in model.model.layers[0].named_modules() if isinstance(module, LoRALinear)}
    assert {name.partition(".")[2] for name in layers} == {
        "q_proj",
        "k_proj",
        "v_proj",
        "o_proj",
        "gate_proj",
        "up_proj",
        "down_proj",
    }
    assert {name.rpartition(".")[2] for name in trained(model)} == {"lora_a", "lora_b"}
    assert not any("embed" in name or "norm" in name or "lm_head" in name for name in trained(adapted(SEVEN)))


def test_full_is_not_everything() -> None:
    model = llama(*SPROUT)
    model.freeze()
    for block in model.layers:  # as mlx-lm does
        block.unfreeze()
    assert sum(value.size for value in trained(model).values()) == SAID["sprout_full"]
    assert CONFIG_DEFAULTS["num_layers"] == SAID["default_layers"]


def test_what_the_full_fine_tune_was() -> None:
    """The figures that the section on the low-rank claim quotes say what the section says they say."""
    assert SAID["full_90"] > SAID["rank"], "so the change is not of low rank"
    assert SAID["full_90"] < SAID["noise_90"], "and yet it is concentrated"
    assert SAID["cut_share"] > 90, "and few directions do nearly all the work"
    code = next(b for s in LESSON.sections for b in s.blocks["en"] if isinstance(b, Code) and b.title == "full.sh")
    assert f"--iters {SAID['full_iters']}" in code.text


def test_layers_are_counted_from_the_top() -> None:
    blocks = {int(name.split(".")[2]) for name in trained(adapted(SPROUT, layers=2))}
    assert blocks == {4, 5}


def test_training_begins_at_the_base_model_and_b_moves_first() -> None:
    base = llama(*SPROUT)
    model = llama(*SPROUT)
    model.update(base.parameters())
    model.freeze()
    linear_to_lora_layers(model, -1, dict(DEFAULTS))
    tokens = mx.array([[1, 2, 3, 4]])
    assert mx.array_equal(base(tokens), model(tokens))
    layer = model.model.layers[0].self_attn.q_proj
    assert (layer.lora_a.shape, layer.lora_b.shape) == ((192, 8), (8, 192))
    assert mx.all(layer.lora_b == 0)
    assert mx.any(layer.lora_a != 0)

    def loss(parameters: dict[str, object]) -> mx.array:
        model.update(parameters)
        return mx.mean(mx.square(model(tokens)))

    gradient = dict(tree_flatten(mx.grad(loss)(model.trainable_parameters())))
    assert all(not mx.any(value) for name, value in gradient.items() if name.endswith("lora_a"))
    assert any(mx.any(value) for name, value in gradient.items() if name.endswith("lora_b"))


def test_the_adapter_has_32_bits_whatever_the_base_has() -> None:
    model = llama(*SPROUT)
    model.set_dtype(mx.bfloat16)
    model.freeze()
    linear_to_lora_layers(model, -1, dict(DEFAULTS))
    assert {value.dtype for value in trained(model).values()} == {mx.float32}


def test_adam_keeps_its_moments_in_the_precision_of_the_weights() -> None:
    adam = optim.Adam(learning_rate=1e-4)
    adam.init({"w": mx.zeros((2, 2), dtype=mx.bfloat16)})
    assert (adam.state["w"]["m"].dtype, adam.state["w"]["v"].dtype) == (mx.bfloat16, mx.bfloat16)


def test_the_defaults_that_the_lesson_names() -> None:
    assert CONFIG_DEFAULTS["num_layers"] == SAID["default_layers"]
    assert CONFIG_DEFAULTS["save_every"] == SAID["save_every"]
    assert CONFIG_DEFAULTS["lora_parameters"] == {**DEFAULTS, "rank": SAID["rank"], "scale": SAID["scale"]}


def code(id: str) -> str:
    blocks = [b for section in LESSON.sections for b in section.blocks["en"]]
    return next(block.text for block in blocks if isinstance(block, Code) and block.id == id)


def test_the_counting_program_counts_an_adapter_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    values = trained(adapted(SPROUT))
    mx.save_safetensors(str(tmp_path / "adapters.safetensors"), values, metadata={"format": "mlx"})
    monkeypatch.setattr(sys, "argv", ["count.py", str(tmp_path / "adapters.safetensors")])
    runpy.run_path(str(FOLDER / "code" / "count.py"), run_name="__main__")
    assert capsys.readouterr().out == f"{sum(value.size for value in values.values())}\n"


def test_the_adapter_configuration_holds_no_count(tmp_path: Path) -> None:
    save_config({**CONFIG_DEFAULTS, "model": "sprout"}, tmp_path / "adapter_config.json")
    saved = json.loads((tmp_path / "adapter_config.json").read_text())
    assert saved["lora_parameters"]["rank"] == 8
    assert not [key for key in saved if "param" in key and key != "lora_parameters"]


@pytest.mark.parametrize("id", ["train", "mlx"])
def test_the_commands_are_real(id: str) -> None:
    program, *arguments = shlex.split(code(id).replace("\\\n", " "))
    assert (program, arguments.pop(0)) == (("lowrank", "train") if id == "train" else ("mlx_lm", "lora"))
    given = build_parser().parse_args(arguments)
    assert given.mask_prompt is True
    assert given.iters == SAID["iters"]
    if id == "train":
        assert (given.model, given.data, given.num_layers) == ("sprout", "sql", -1)
        assert given.batch_size == SAID["batch"]
    else:
        assert given.num_layers == SAID["default_layers"]
        assert given.train is True
