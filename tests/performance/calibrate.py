"""How fast this machine is now: a fixed loop of dict, list and integer work, about a second, in CPU time.

A rate is multiplied by `factor()` before it is held against a target, a time divided by it.
"""

import time
from collections.abc import Callable
from typing import Final

ROUNDS: Final = 2_500_000
SLICE_ROUNDS: Final = ROUNDS // 20
# Median of nine medians of 9 runs each (0.870 to 0.960 s): 2 virtual CPUs (AMD EPYC), CPython 3.11.7, nothing else
# running. Never changed.
REFERENCE_SECONDS: Final = 0.910


def loop(rounds: int) -> int:
    """Always the same work; the result only keeps it honest."""
    table: dict[int, int] = {}
    queue: list[int] = []
    number, total = 12_345, 0
    for step in range(rounds):
        number = (number * 1_103_515_245 + 12_345) % 2_147_483_648
        key = number >> 12 & 4_095
        table[key] = table.get(key, 0) + step
        queue.append(number)
        if len(queue) > 512:
            total += queue.pop() // 7
            del queue[256:]
    return total + len(table)


def seconds(rounds: int = ROUNDS) -> float:
    """CPU time of one run of the loop."""
    started_s = time.process_time()
    loop(rounds)
    return time.process_time() - started_s


def factor(rounds: int = ROUNDS) -> float:
    """Measured time by reference time: above 1 on a slower machine, or one that is busy."""
    return seconds(rounds) / REFERENCE_SECONDS * ROUNDS / rounds


class Alongside:
    """Measures work in turns, with a slice of the loop between them: a machine that changes its speed slows both alike.

    `cpu_s` is the work's CPU time so far, `reference_s` what it would be on the reference machine; `slices_s` is the
    wall time that the slices took.
    """

    def __init__(self) -> None:
        self.cpu_s = self.reference_s = self.slices_s = 0.0
        self._before = self._slice()
        self._started_s = time.process_time()

    def turn(self, work: Callable[[], object]) -> float:
        """Do some of the work; returns the factor meanwhile."""
        self._started_s = time.process_time()
        work()
        return self.end_turn()

    def end_turn(self) -> float:
        """What was done since the last one is a turn; returns the factor meanwhile."""
        cpu_s = time.process_time() - self._started_s
        after = self._slice()
        meanwhile, self._before = (self._before + after) / 2, after
        self.cpu_s += cpu_s
        self.reference_s += cpu_s / meanwhile
        self._started_s = time.process_time()
        return meanwhile

    def _slice(self) -> float:
        started_s = time.perf_counter()
        measured = factor(SLICE_ROUNDS)
        self.slices_s += time.perf_counter() - started_s
        return measured

    def factor(self) -> float:
        return self.cpu_s / self.reference_s


if __name__ == "__main__":
    runs = sorted(seconds() for _ in range(9))
    print(f"median {runs[4]:.3f} s, {runs[0]:.3f} to {runs[8]:.3f}")
