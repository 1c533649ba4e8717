"""What a message of MLX, of the C library or of a crash means, and what to do about it."""

import re
from typing import NamedTuple

MEMORY = "lower --batch-size or --max-seq-length, add --grad-checkpoint, or take a quantized base (--bits 4)"
DISK = "free some space there, then resume the run"


class Cause(NamedTuple):
    """In words: what happened, what to do, and by which messages it is known."""

    what: str
    remedy: str
    signs: str


# Where a message fits several, the first counts.
CAUSES = (
    Cause(
        "Metal has no more buffers to give",
        "lower --max-seq-length or --batch-size",
        r"Resource limit \(\d+\) exceeded",
    ),
    Cause(
        "the GPU's watchdog ended a step that took too long",
        "lower --batch-size, close what draws on the screen, or set AGX_RELAX_CDM_CTXSTORE_TIMEOUT=1",
        r"kIOGPUCommandBufferCallbackError(Timeout|ImpactingInteractivity)|Impacting Interactivity",
    ),
    Cause(
        "out of memory",
        MEMORY,
        r"kIOGPUCommandBufferCallbackErrorOutOfMemory|Insufficient Memory|\[(metal::)?malloc\w*\]|bad_alloc"
        r"|[Cc]annot allocate memory|[Uu]nable to allocate|[Oo]ut of memory|cudaErrorMemoryAllocation",
    ),
    Cause(
        "the disk is full, or a quota is used up",
        DISK,
        r"No space left on device|\[write\] Unable to write|Disk quota exceeded|File too large",
    ),
    Cause(
        "a file could not be made",
        "check that the folder is there, may be written to, and has free space",
        r"\[save\w*\] Failed to open",
    ),
    Cause(
        "the C++ compiler that MLX fuses its kernels with failed",
        "mend or install g++ (`lowrank doctor` looks for it), or set MLX_DISABLE_COMPILE=1 to train without, slower",
        r"\[Compile::eval_cpu\]",
    ),
    Cause(
        "a weights file is damaged or incomplete",
        "fetch or copy it again",
        r"\[load\w*\]|SafetensorError|HeaderTooLarge|InvalidHeader|MetadataIncompleteBuffer|incomplete download",
    ),
    Cause(
        "a rank lost its connection to another",
        "see that every rank and machine is up, then resume the run",
        r"\[ring\]|connection to a peer was lost",
    ),
    Cause(
        "the engine crashed, as MLX on a CPU does when it is given no more memory",
        MEMORY,
        r"Segmentation fault|Bus error",
    ),
    Cause(
        "the engine crashed",
        "read the end of its log",
        r"Fatal Python error|terminating due to uncaught|terminate called",
    ),
)


def find_cause(text: str) -> Cause | None:
    """The cause that a message, or the end of a log, tells of."""
    return next((cause for cause in CAUSES if re.search(cause.signs, text)), None)
