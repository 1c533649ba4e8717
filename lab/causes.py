"""What a message of MLX, of the C library or of a crash means, and what to do about it."""

import re
from typing import NamedTuple

MEMORY = "lower --batch-size or --max-seq-length, add --grad-checkpoint, or take a quantized base (--bits 4)"
DISK = "free some space there, then resume the run"


class Cause(NamedTuple):
    """In words: what happened, and what to do."""

    what: str
    remedy: str


# Where a message fits several, the first counts.
SIGNS: tuple[tuple[str, Cause], ...] = (
    (
        r"Resource limit \(\d+\) exceeded",
        Cause("Metal has no more buffers to give", "lower --max-seq-length or --batch-size"),
    ),
    (
        r"kIOGPUCommandBufferCallbackError(Timeout|ImpactingInteractivity)|Impacting Interactivity",
        Cause(
            "the GPU's watchdog ended a step that took too long",
            "lower --batch-size, close what draws on the screen, or set AGX_RELAX_CDM_CTXSTORE_TIMEOUT=1",
        ),
    ),
    (
        r"kIOGPUCommandBufferCallbackErrorOutOfMemory|Insufficient Memory|\[(metal::)?malloc\w*\]|\[metal::set_wired_limit\]"
        r"|bad_alloc|[Cc]annot allocate memory|[Uu]nable to allocate|out of memory|cudaErrorMemoryAllocation",
        Cause("out of memory", MEMORY),
    ),
    (
        r"No space left on device|\[write\] Unable to write|Disk quota exceeded|File too large",
        Cause("the disk is full, or a quota is used up", DISK),
    ),
    (
        r"\[save\w*\] Failed to open",
        Cause("a file could not be made", "check that the folder is there, may be written to, and has free space"),
    ),
    (
        r"\[Compile::eval_cpu\]",
        Cause(
            "the C++ compiler that MLX fuses its kernels with failed",
            "mend or install g++ (`lowrank doctor` looks at it), or set MLX_DISABLE_COMPILE=1 to train without, slower",
        ),
    ),
    (
        r"\[load\w*\]|SafetensorError|HeaderTooLarge|InvalidHeader|MetadataIncompleteBuffer|incomplete download or corrupt",
        Cause("a weights file is damaged or incomplete", "fetch or copy it again"),
    ),
    (
        r"\[ring\]|connection to a peer was lost|Couldn't connect",
        Cause("a rank lost its connection to another", "see that every rank and machine is up, then resume the run"),
    ),
    (
        r"Segmentation fault|Bus error",
        Cause("the engine crashed, as MLX on a CPU does when it is given no more memory", MEMORY),
    ),
    (r"Fatal Python error|Aborted|terminating due to uncaught|terminate called", Cause("the engine crashed", "")),
)


def find_cause(text: str) -> Cause | None:
    """The cause that a message, or the end of a log, tells of."""
    return next((cause for sign, cause in SIGNS if re.search(sign, text)), None)
