"""The worker under many seeds. A failing one is printed with the line that plays it again."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.simulator import Simulation
from trading.worker.crash_points import CrashPoint

ROOT = Path(__file__).resolve().parents[2]
STEPS = 600
AGAIN = (
    "import django; django.setup(); from tests.simulation.simulator import Simulation; "
    "one = Simulation({seed}); one.run({steps}); print(one.digest())"
)


def play(seeds: range, *, steps: int) -> Counter[str]:
    """What went wrong in the world of these seeds, how often; and how much was played."""
    happened: Counter[str] = Counter()
    for seed in seeds:
        simulation = Simulation(seed)
        try:
            simulation.run(steps)
        except Exception:
            again = AGAIN.format(seed=seed, steps=steps)
            print(f"\nSeed {seed} fails. Again:\n  DJANGO_SETTINGS_MODULE=exchange.settings python -c '{again}'")
            raise
        happened += simulation.crashes
        happened["records"] += len(simulation.judge.records)
        happened["batches"] += len(simulation.database.batches)
    print("\n" + ", ".join(f"{count} {name}" for name, count in sorted(happened.items())))
    return happened


def test_a_share_of_the_seeds():
    happened = play(range(1, 81), steps=STEPS)
    for point in CrashPoint:
        assert happened[point.name.lower()] > 0, f"no crash at {point}"
    for place in ("stale leader shut out", "inside a waterfall", "inside a settlement"):
        assert happened[place] > 0, place


@pytest.mark.long
def test_many_seeds():
    happened = play(range(1_000, 2_000), steps=2_000)
    assert happened["records"] > 200_000


def test_a_seed_plays_the_same_whatever_the_hash_seed():
    digests = set()
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "DJANGO_SETTINGS_MODULE": "exchange.settings"}
        command = [sys.executable, "-c", AGAIN.format(seed=5, steps=STEPS)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        digests.add(done.stdout.strip().splitlines()[-1])
    assert len(digests) == 1
