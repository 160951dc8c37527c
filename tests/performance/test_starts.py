"""Every benchmark starts and comes to an end, with next to nothing to do."""

import json
import math
import os

import pytest

from tests.performance.__main__ import BENCHMARKS, main


@pytest.mark.process
def test_every_benchmark_starts(postgres, valkey, installation, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", os.environ.get("DATABASE_URL", installation.database_url))
    monkeypatch.setenv("VALKEY_URL", os.environ.get("VALKEY_URL", installation.valkey_url))
    arguments = ["--scale", "0.0005", "--rounds", "1", "--engines", "python", "--uncalibrated", "--folder"]
    assert main([*arguments, str(tmp_path)]) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert {row["benchmark"] for row in report["rows"]} == set(BENCHMARKS)
    assert all(math.isfinite(row["median"]) for row in report["rows"])  # a share may be below 0 on so little work
    assert "whole engine" in capsys.readouterr().out
