"""What a recording must be, and the one sentence for each that is not."""

import gzip

import pytest

from tests.replay.markets import HEADER, Recorder, walking_market
from trading.replay.recording import Level, Message, RecordingError, inspect, messages, resolve


@pytest.fixture
def recorder():
    recorder = Recorder()
    recorder.snapshot([(1, 616_415, 14), (-1, 616_416, 2500)])
    recorder.delta([(1, 616_415, 0), (1, 616_410, 1)])
    recorder.trade(-1, 616_410, 3)
    recorder.best(616_410, 616_416)
    return recorder


def replaced(recorder, old, new):
    assert any(old in line for line in recorder.lines)
    recorder.lines = [line.replace(old, new) for line in recorder.lines]
    return recorder


def test_rows_of_a_message_come_together_as_whole_ticks_and_lots(recorder, tmp_path):
    path = recorder.write(tmp_path / "usdm.csv.gz")
    assert list(messages(path)) == [
        Message("snapshot", [Level(1, 616_415, 14), Level(-1, 616_416, 2500)], 1000),
        Message("delta", [Level(1, 616_415, 0), Level(1, 616_410, 1)], 1010, 1000),
        Message("trade", [Level(-1, 616_410, 3)], print_type="MARKET"),
        Message("bbo"),
    ]
    assert inspect(path, None) == 4
    assert inspect(path, 2) == 2


def test_a_path_may_be_relative_to_the_folder_of_recorded_markets(recorder, tmp_path):
    path = recorder.write(tmp_path / "usdm.csv.gz")
    assert resolve(str(path), None) == path
    assert resolve("usdm.csv.gz", str(tmp_path)) == path
    with pytest.raises(RecordingError, match="MARKET_DATA_DIR is not set"):
        resolve("usdm.csv.gz", None)
    with pytest.raises(RecordingError, match="neither here nor in"):
        resolve("other.csv.gz", str(tmp_path))


def test_marks_are_optional(recorder, tmp_path):
    recorder.lines.append("9,1,1,,mark,,28147.27373413,28159.75642857,28142.15563565,1680652800000,0.00002754")
    assert inspect(recorder.write(tmp_path / "usdm.csv.gz"), None) == 5


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (",trade,", ",auction,", "unknown kind 'auction'"),
        (",MARKET", ",MARKET,1", "12 columns instead of 11"),
        (",delta,B,", ",delta,X,", "side must be B or S"),
        ("61641.60", "61641.65", "price must be a whole multiple of 0.1"),
        ("2.500", "2.5001", "qty must be a whole multiple of 0.001"),
        ("61641.60", "-61641.60", "price must be a decimal string"),
        ("61641.60", "0.00", "price must be above zero"),
        ("61641.60", "9999999.90", "price must be at most"),
        ("2.500", "99999999.000", "qty must be at most"),
        (",1001,1010,", ",1001,,", "update id of the book is missing"),
        (",snapshot,", ",bbo,", "has no snapshot"),
        ("2,1700000000002000000,1700000000002,1700000000002,delta", "1,1,1,1,delta", "mixes kinds in message 1"),
    ],
)
def test_a_wrong_row_is_told_in_one_sentence(recorder, tmp_path, old, new, sentence):
    path = replaced(recorder, old, new).write(tmp_path / "usdm.csv.gz")
    with pytest.raises(RecordingError, match=sentence):
        inspect(path, None)


def test_spot_and_coin_margined_recordings_are_refused(recorder, tmp_path):
    with pytest.raises(RecordingError, match=r"COIN-M recording \(by its name\)"):
        inspect(recorder.write(tmp_path / "coinm_btc.csv.gz"), None)
    contracts = Recorder()
    contracts.add("snapshot", [("B", "61641.5", "35")], last_id=7)
    with pytest.raises(RecordingError, match="COIN-M recording.*whole contracts"):
        inspect(contracts.write(tmp_path / "contracts.csv.gz"), None)
    spot = Recorder()
    spot.add("delta", [("B", "61641.63000000", "0.50000000")], 3, 7)
    with pytest.raises(RecordingError, match="spot recording"):
        inspect(spot.write(tmp_path / "unknown.csv.gz"), None)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (gzip.compress(b""), "is empty"),
        (gzip.compress(HEADER.encode() + b"\n"), "no snapshot of the book in its 0 messages"),
        (gzip.compress(b"msg,kind,price\n"), "has other columns than"),
        (gzip.compress(HEADER.encode() + b"\n\xff\xfe\n"), "cannot be read as gzip CSV"),
        (HEADER.encode(), "cannot be read as gzip CSV"),
    ],
    ids=["no byte", "nothing packed", "only the header", "other columns", "not UTF-8", "not packed"],
)
def test_a_file_without_rows_is_told_in_one_sentence(tmp_path, content, sentence):
    path = tmp_path / "usdm.csv.gz"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=sentence):
        inspect(path, None)


def test_damage_is_found_even_behind_the_messages_asked_for(tmp_path):
    path = walking_market(seed=1, steps=3000).write(tmp_path / "usdm.csv.gz")
    whole = path.read_bytes()
    broken = [whole[:-1000], whole[:-500] + bytes(8) + whole[-492:], whole[:-8] + bytes(8)]
    for content in broken:
        path.write_bytes(content)
        for limit in (None, 4):
            with pytest.raises(RecordingError, match="cannot be read as gzip CSV"):
                inspect(path, limit)
