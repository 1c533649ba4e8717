"""Train sprout's tokenizer: byte-level BPE, so any UTF-8 text has tokens, with digits kept apart so numbers copy."""

import json
from pathlib import Path
from random import Random

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from lab.bundled.generate import corpus

VOCABULARY = 1024
SPECIAL = ("<|end|>", "<|user|>", "<|assistant|>", "<|system|>", "<|tool|>")
TEMPLATE = (
    "{%- if tools %}{{ '<|system|>' + (tools | tojson) + '<|end|>' }}{% endif -%}"
    "{%- for message in messages %}"
    "{{ '<|' + message['role'] + '|>' + (message['content'] or '') + '<|end|>' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{ '<|assistant|>' }}{% endif -%}"
)


def train(folder: Path, seed: int, documents: int = 60_000) -> None:
    """Write tokenizer.json, tokenizer_config.json and chat_template.jinja to `folder`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r" ?[\p{L}_]+|\p{N}|[^\s\p{L}\p{N}]|\s"), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    rng = Random(seed)
    texts = (text for _ in range(documents) for _, text in corpus.document(rng))
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<|end|>",
        "pad_token": "<|end|>",
        "model_max_length": 1024,
        "clean_up_tokenization_spaces": False,
        "chat_template": TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
