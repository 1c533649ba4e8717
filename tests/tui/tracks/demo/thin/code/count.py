def count(rank: int, inputs: int) -> int:
    return 2 * rank * inputs
