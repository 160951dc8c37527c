"""How fast this machine is now: a fixed loop of dict, list and integer work, about a second, in CPU time.

A rate is multiplied by `factor()` before it is held against a target, a time divided by it.
"""

import time
from typing import Final

ROUNDS: Final = 2_500_000
# Median of nine medians of 9 runs each (0.870 to 0.960 s): 2 virtual CPUs (AMD EPYC), CPython 3.11.7, nothing else
# running. Never changed.
REFERENCE_SECONDS: Final = 0.910


def loop() -> int:
    """Always the same work; the result only keeps it honest."""
    table: dict[int, int] = {}
    queue: list[int] = []
    number, total = 12_345, 0
    for step in range(ROUNDS):
        number = (number * 1_103_515_245 + 12_345) % 2_147_483_648
        key = number >> 12 & 4_095
        table[key] = table.get(key, 0) + step
        queue.append(number)
        if len(queue) > 512:
            total += queue.pop() // 7
            del queue[256:]
    return total + len(table)


def seconds() -> float:
    """CPU time of one run of the loop."""
    started_s = time.process_time()
    loop()
    return time.process_time() - started_s


def factor() -> float:
    """Measured time by reference time: above 1 on a slower machine, or one that is busy."""
    return seconds() / REFERENCE_SECONDS


if __name__ == "__main__":
    runs = sorted(seconds() for _ in range(9))
    print(f"median {runs[4]:.3f} s, {runs[0]:.3f} to {runs[8]:.3f}")
