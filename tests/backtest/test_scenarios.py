"""Scenario files: those of the repository are sound, others are refused with a sentence that says why."""

from decimal import Decimal

import pytest

from risk.backtest.bars import BarsError, read_bars, resolve
from risk.backtest.scenario import FOLDER, ScenarioError, find, read_scenario, read_table
from risk.backtest.sharing_run import KIND, read_sharing
from tests.backtest.worlds import STARTS_S, write_bars, write_crash

NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))
CRASHES = {"covid-2020-03", "may-2021-05-19", "ftx-2022-11", "august-2024-08-05", "october-2025-10-10"}


def test_the_real_crashes_are_there():
    assert set(NAMES) >= CRASHES


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_of_the_repository_can_be_read(name):
    table = read_table(find(name))
    if table.get("kind") == KIND:
        assert read_sharing(find(name), table).name == name
        return
    scenario = read_scenario(find(name), table)
    assert scenario.name == name and scenario.markets
    files = [venue.file for market in scenario.markets for venue in market.venues if venue.file]
    assert bool(files) == (name.removesuffix("-halts") in CRASHES)
    assert not any(file.startswith(("/", ".")) for file in files)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ScenarioError, match="constant-price.*october-2025-10-10.*A path will do"):
        find("nothing-of-the-kind")


@pytest.mark.parametrize(
    ("was", "becomes", "reason"),
    [
        ("seed = 11", "", "'seed' is missing"),
        ("T00:00:00Z", "T00:10:00Z", "full hour"),
        ("bar_s = 900", "bar_s = 1000", "bar_s must divide an hour"),
        ('kind = "spot"', 'kind = "rumour"', "a venue's kind is one of"),
        ('profile = "bitmex-2019"', 'profile = "saints"', "profile is one of"),
        ("makers = 2", "whales = 2", "population knows no whales"),
        ('underlying = "BTC"', 'underlying = "XYZ"', "the underlyings are"),
        ("seed = 11", "seed = 'eleven", "own-crash"),
    ],
)
def test_a_faulty_scenario_is_refused(tmp_path, was, becomes, reason):
    path = write_crash(tmp_path)
    path.write_text(path.read_text().replace(was, becomes))
    with pytest.raises(ScenarioError, match=reason):
        read_scenario(path, read_table(path))


def test_bars_are_read_exactly_and_only_those_of_the_time(tmp_path):
    bars = [("0.3", "0.4", "0.1", "0.2"), None, ("7195.24", "7196.25", "7178.2", "7180.97"), (1, 1, 1, 1)]
    path = write_bars(tmp_path / "bars.csv.gz", bars, bar_s=900)
    read = read_bars(path, tick=Decimal("0.1"), starts_s=STARTS_S, ends_s=STARTS_S + 2_700)
    assert read == {
        STARTS_S: (3 * 10**9, 4 * 10**9, 10**9, 2 * 10**9),
        STARTS_S + 1_800: (71_952_400_000_000, 71_962_500_000_000, 71_782_000_000_000, 71_809_700_000_000),
    }


def test_a_scenario_may_be_like_another_but_for_what_it_says(tmp_path):
    path = tmp_path / "halting.toml"
    path.write_text('like = "gap-down-50"\ntitle = "Halting"\n[risk]\nvolatility_move = "0.1"\n')
    scenario, base = (read_scenario(one, read_table(one)) for one in (path, find("gap-down-50")))
    risk = scenario.markets[0].listing.parameters.risk
    assert (scenario.name, scenario.title, risk.volatility_move_ppb) == ("halting", "Halting", 10**8)
    assert scenario._replace(name=base.name, title=base.title, markets=base.markets) == base
    assert scenario.markets[0].venues == base.markets[0].venues


@pytest.mark.parametrize("bar", [(1, 2, 3, 4), (0, 1, 0, 1), ("x", 1, 1, 1), (1, 1, 1, "")])
def test_a_broken_bar_is_named_with_its_line(tmp_path, bar):
    path = write_bars(tmp_path / "bars.csv.gz", [(1, 1, 1, 1), bar], bar_s=900)
    with pytest.raises(BarsError, match=r"bars\.csv\.gz line 3"):
        read_bars(path, tick=Decimal("0.1"), starts_s=STARTS_S, ends_s=STARTS_S + 3_600)


def test_a_file_is_looked_for_in_the_folder_of_recorded_markets(tmp_path):
    path = write_bars(tmp_path / "bars.csv.gz", [(1, 1, 1, 1)], bar_s=900)
    assert resolve("bars.csv.gz", str(tmp_path)) == path
    with pytest.raises(BarsError, match="MARKET_DATA_DIR is not set"):
        resolve("no-such-file.csv.gz", None)
