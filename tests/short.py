"""Flags of the shortest run that shows everything: three reports, a validation, two checkpoints."""

SHORT = (
    *("--iters", "12", "--batch-size", "2"),
    *("--steps-per-report", "4", "--steps-per-eval", "12", "--val-batches", "2"),
    *("--save-every", "6"),
)
METHODS = {
    "LoRA": ("--model", "sprout"),
    "DoRA": ("--model", "sprout", "--fine-tune-type", "dora"),
    "full": ("--model", "sprout", "--fine-tune-type", "full", "--learning-rate", "1e-3"),
    "QLoRA": ("--model", "sprout-4bit"),
    "QDoRA": ("--model", "sprout-4bit", "--fine-tune-type", "dora"),
}
