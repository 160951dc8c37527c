"""`manage.py replay`, end to end: on real processes, on a real recording where there is one, and what it refuses."""

import json
import os
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.replay.markets import walking_market
from trading.models import DepthLevel, Instrument
from trading.models.requests import InstrumentRequest
from trading.replay.instrument import INSTRUMENT_ID
from trading.services import reconciliation

MARKET_DATA_DIR = os.environ.get("MARKET_DATA_DIR")
REAL_RECORDING = "l2_binance_2024-08/usdm_btcusdt_20240808.csv.gz"
REAL_MESSAGES = 15_000


def run(path, report_path, **options):
    output = StringIO()
    call_command("replay", str(path), json=report_path, stdout=output, **options)
    return json.loads(report_path.read_text()), output.getvalue()


@pytest.mark.process
def test_a_recording_goes_through_the_running_exchange_again_and_again(exchange_processes, recording, tmp_path):
    for _ in range(2):
        report, text = run(recording, tmp_path / "report.json")
        assert (report["book_match_share"], report["depth_messages"]) == (1.0, 61)
        assert (report["refused"], report["restarts"], report["sequence_gaps"]) == ({}, 0, 0)
        assert report["fills"] > 0 and report["commands"] > 300
        assert {finding["violations"] for finding in report["invariants"]} == {0}
        assert "book_match_share       1.0" in text and "I13-chain" in text
    assert Instrument.objects.get(instrument_id=INSTRUMENT_ID).symbol == "BTC-REPLAY"
    assert DepthLevel.objects.filter(instrument_id=INSTRUMENT_ID, price_ticks=6_000_000).count() == 1


@pytest.mark.process
@pytest.mark.market_data
@pytest.mark.skipif(not MARKET_DATA_DIR, reason="MARKET_DATA_DIR is not set: the real recording was not replayed")
def test_a_real_recording_matches(exchange_processes, tmp_path):
    report, text = run(Path(MARKET_DATA_DIR) / REAL_RECORDING, tmp_path / "report.json", messages=REAL_MESSAGES)
    print(text)
    assert (report["messages"], report["sequence_gaps"]) == (REAL_MESSAGES, 0)
    assert report["book_match_share"] >= 0.99
    assert report["refused"] == {}
    assert {finding["violations"] for finding in report["invariants"]} == {0}


def test_a_gap_is_reported_and_the_replay_goes_on(engine_gateway, readers, tmp_path):
    recorder = walking_market(seed=3, steps=5)
    recorder.delta([(1, 400_000, 1)], gap=7)
    recorder.delta([(1, 400_000, 2)])
    report, _ = run(recorder.write(tmp_path / "usdm.csv.gz"), tmp_path / "report.json")
    assert (report["sequence_gaps"], report["book_match_share"]) == (1, 1.0)


def test_only_the_first_messages_are_replayed(engine_gateway, readers, recording, tmp_path):
    report, _ = run(recording, tmp_path / "report.json", messages=10)
    assert report["messages"] == 10
    assert 0 < report["depth_messages"] < 10


def test_a_wrong_file_is_refused_before_anything_is_done(engine_gateway, recording, tmp_path):
    content = recording.read_bytes()
    (tmp_path / "cut.csv.gz").write_bytes(content[:-40])
    for name, sentence in (("cut.csv.gz", "cannot be read"), ("missing.csv.gz", "There is no file")):
        with pytest.raises(CommandError, match=sentence):
            call_command("replay", str(tmp_path / name))
    with pytest.raises(CommandError, match="There is no folder"):
        call_command("replay", str(recording), json=tmp_path / "nowhere" / "report.json")
    assert engine_gateway.sent == []
    assert not InstrumentRequest.objects.exists()


@pytest.mark.parametrize("count", ["0", "-3", "many"])
def test_a_wrong_number_of_messages_is_refused(recording, count):
    with pytest.raises(CommandError, match="messages"):
        call_command("replay", str(recording), f"--messages={count}")


def test_an_exchange_that_is_away_is_told_in_one_sentence(engine_gateway, recording):
    engine_gateway.is_away = True
    with pytest.raises(CommandError, match="The exchange is not running or too busy"):
        call_command("replay", str(recording))


def test_a_broken_invariant_ends_with_an_error_after_the_report(
    engine_gateway, readers, recording, tmp_path, monkeypatch
):
    broken = reconciliation.Check("I4", "positions sum to zero", "SELECT 3")
    monkeypatch.setattr(reconciliation, "CHECKS", (broken,))
    with pytest.raises(CommandError, match="Broken: I4"):
        run(recording, tmp_path / "report.json", messages=20)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["invariants"] == [{"id": "I4", "sentence": "positions sum to zero", "violations": 3}]
