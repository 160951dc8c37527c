"""The files that say what indices are made of, and recordings: what is wrong in them is said, with its place."""

import gzip
from decimal import Decimal
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.core.management import CommandError, call_command

from risk.feeds.board import QuoteBoard
from risk.feeds.choice import chosen_definitions, chosen_source
from risk.feeds.definitions import FOLDER, BadDefinition, read_definitions
from risk.feeds.recorded import BadRecording, RecordedSource, read_quotes
from risk.feeds.simulated import SimulatedSource
from risk.feeds.venue_table import VENUES
from risk.models import IndexTick

SOUND = (FOLDER / "venues.toml").read_text()
FIXTURES = Path(__file__).parent / "recordings"


@pytest.mark.parametrize("name", ["simulated", "venues"])
def test_the_files_that_come_along_are_sound(name):
    definitions = read_definitions(FOLDER / f"{name}.toml")
    assert [one.instruments for one in definitions.values()] == [("BTC-PERP",), ("ETH-PERP",)]
    for definition in definitions.values():
        assert definition.rules.minimum_sources >= 3, "one venue alone must not move an index"
        assert name == "simulated" or set(definition.weights) <= set(VENUES)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("binance = 1", "binance = 0", "every weight above 0"),
        ("weights = { binance = 1, coinbase = 1, kraken = 1, bitstamp = 1, okx = 1 }", "weights = {}", "weights"),
        ('tick = "0.01"', 'tick = "0"', "a step must be above zero"),
        ('anchor = "60000"', 'anchor = "60000.001"', "whole multiple"),
        ('clamp = "0.005"', 'clamp = "1"', "clamp"),
        ('clamp = "0.005"', 'clamp = "half"', "clamp"),
        ("halt_after_s = 60", "halt_after_s = 1", "halt_after_s"),
        ('tick = "0.01"', 'tick = "0.01"\nbenchmark = "okx"', "must not be a constituent"),
        ("stale_after_s = 30, ", "", "stale_after_s"),
        ("[BTC]", "[BTC", "venues"),
    ],
)
def test_a_wrong_definition_is_one_sentence(tmp_path, old, new, said):
    path = tmp_path / "venues.toml"
    path.write_text(SOUND.replace(old, new, 1))
    with pytest.raises(BadDefinition, match=said):
        read_definitions(path)


def test_a_venue_nobody_knows_is_refused(tmp_path, settings):
    path = tmp_path / "indices.toml"
    path.write_text(SOUND.replace("kraken", "nowhere"))
    settings.FEED_SOURCE, settings.FEED_INDICES = "venues", str(path)
    with pytest.raises(CommandError, match="nowhere is none of the venues binance"):
        call_command("runfeeds")


@pytest.mark.parametrize("path", ["/nowhere/indices.toml", "/"])
def test_a_file_that_cannot_be_read_is_one_sentence(settings, path):
    settings.FEED_INDICES = path
    with pytest.raises(CommandError, match="The feeds cannot start"):
        call_command("runfeeds")


def test_a_source_nobody_knows_is_refused(settings):
    settings.FEED_SOURCE = "crystal-ball"
    with pytest.raises(CommandError, match="crystal-ball, not simulated, recorded or venues"):
        call_command("runfeeds")


def test_recorded_prices_need_a_file(settings):
    settings.FEED_SOURCE, settings.FEED_RECORDING = "recorded", ""
    with pytest.raises(CommandError, match="FEED_RECORDING must name the file"):
        call_command("runfeeds")


def test_recorded_quotes_are_said_again_in_their_rhythm(settings):
    settings.FEED_SOURCE, settings.FEED_RECORDING = "recorded", str(FIXTURES / "quotes.csv")
    source = RecordedSource(path=FIXTURES / "quotes.csv", start_ns=10**18)
    ask = async_to_sync(source.quotes)
    assert [(one.venue, one.bid) for one in ask(now_ns=10**18)] == [("north", Decimal("60000.0"))]
    assert ask(now_ns=10**18 - 1) == ask(now_ns=10**18)  # what was said stays said
    later = ask(now_ns=10**18 + 1_500_000_000)
    assert {(one.venue, one.bid, one.said_at_ns) for one in later} == {
        ("north", Decimal("60001.0"), 10**18 + 10**9),
        ("south", Decimal("59999.5"), 10**18 + 500_000_000),
    }
    assert len(ask(now_ns=2 * 10**18)) == 2
    assert isinstance(chosen_source(chosen_definitions()), RecordedSource)


def test_a_bar_becomes_its_four_prices(tmp_path):
    fell, rose = list(read_quotes(FIXTURES / "bars.csv"))[:4], list(read_quotes(FIXTURES / "bars.csv"))[4:]
    assert [int(one.price) for one in fell] == [60_000, 60_500, 59_000, 59_100]
    assert [int(one.price) for one in rose] == [59_100, 58_900, 59_800, 59_700]
    seconds = [(one.said_at_ns - fell[0].said_at_ns) // 10**9 for one in (*fell, *rose)]
    assert seconds == [0, 15, 30, 45, 60, 75, 90, 105]
    packed = tmp_path / "bars.csv.gz"
    packed.write_bytes(gzip.compress((FIXTURES / "bars.csv").read_bytes()))
    assert list(read_quotes(packed)) == fell + rose


@pytest.mark.parametrize(
    ("row", "said"),
    [("x,north,BTC,1,2", "line 2: ValueError"), ("1,north,BTC,one,2", "line 2"), ("1,north,BTC", "line 2: TypeError")],
)
def test_a_wrong_row_is_named(tmp_path, row, said):
    path = tmp_path / "quotes.csv"
    path.write_text(f"time,venue,underlying,bid,ask\n{row}\n")
    with pytest.raises(BadRecording, match=said):
        RecordedSource(path=path, start_ns=0)


def test_an_empty_recording_is_refused(tmp_path):
    path = tmp_path / "quotes.csv"
    path.write_text("time,venue,underlying,bid,ask\n")
    with pytest.raises(BadRecording, match="no row"):
        RecordedSource(path=path, start_ns=0)


@pytest.mark.django_db
def test_simulated_prices_go_on_from_the_last_index(settings):
    settings.FEED_SOURCE = "simulated"
    definitions = chosen_definitions()
    assert isinstance(first := chosen_source(definitions), SimulatedSource)
    assert round(first.price("BTC")) == 60_000
    board = QuoteBoard()
    board.learn(
        [quote._replace(bid=Decimal(61_234), ask=Decimal(61_234)) for quote in async_to_sync(first.quotes)(now_ns=0)],
        now_ns=0,
    )
    record = board.index(definitions["BTC"], now_ns=0)
    assert record.index_price_ticks == 0, "quotes of the present are too far ahead"
    now_ns = max(quote.said_at_ns for quote in async_to_sync(first.quotes)(now_ns=0))
    record = board.index(definitions["BTC"], now_ns=now_ns)
    IndexTick.of(record, asset="BTC", time_ns=now_ns, tick=definitions["BTC"].tick).save(force_insert=True)
    assert round(chosen_source(definitions).price("BTC")) == 61_234
