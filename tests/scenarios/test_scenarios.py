"""Every table of this folder holds."""

from pathlib import Path

import pytest

from tests.scenarios.runner import Scenario

TABLES = sorted(Path(__file__).parent.glob("*.txt"))


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_scenario(path):
    scenario = Scenario()
    rows = 0
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if line.count("|") == 2:
            who, deed, outcomes = (part.strip() for part in line.split("|"))
            try:
                scenario.run(who, deed, outcomes)
            except Exception as error:
                raise AssertionError(f"{path.name}, line {number}: {line}\n{error}") from error
            rows += 1
    assert rows > 2, "a scenario has rows"
