"""`manage.py backtest`: figures as JSON, a page that needs nothing else, and refusals that say what to do."""

import json
import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from risk.backtest.charts import Chart, Line, chart_svg
from tests.backtest.worlds import write_crash

DEMANDED = (
    "ledger_imbalance_units",
    "bad_debt_units",
    "fund_start_units",
    "fund_end_units",
    "fund_min_units",
    "deficit_units",
    "deleveraged_units",
    "liquidations",
    "wrongful_liquidations",
    "max_queue",
    "events",
    "seconds",
)


def run(*given, **options):
    output, errors = StringIO(), StringIO()
    call_command("backtest", *given, stdout=output, stderr=errors, **options)
    return output.getvalue()


def test_a_scenario_by_its_path_gives_figures_and_a_page(tmp_path):
    path = write_crash(tmp_path)
    text = run(str(path), json=tmp_path / "figures.json", html=tmp_path / "report.html")
    values = json.loads((tmp_path / "figures.json").read_text())
    assert json.loads(text) == values
    assert tuple(values)[: len(DEMANDED)] == DEMANDED
    assert values["liquidations"] > 0 and values["speed"]["times_real_time"] > 100
    page = (tmp_path / "report.html").read_text()
    assert "A crash of our own" in page and "(stands in)" in page and f"{values['liquidations']:,}" in page
    assert page.count("<svg") == page.count("<figure>") == 7
    assert not re.search(r"<script|https?://|src=|url\(|@import|javascript:", page)
    assert "prefers-color-scheme: dark" in page and 'name="viewport"' in page


def test_what_a_scenario_says_is_escaped(tmp_path):
    path = write_crash(tmp_path)
    path.write_text(path.read_text().replace("A crash of our own", "<b>Crash</b>").replace("02:00:00Z", "01:00:00Z"))
    run(str(path), html=tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "&lt;b&gt;Crash" in page and "<b>Crash" not in page


@pytest.mark.parametrize(
    ("given", "options", "reason"),
    [
        ("nothing-of-the-kind", {}, "There is no scenario"),
        ("constant-price", {"json": "no/such/folder/figures.json"}, "There is no folder"),
    ],
)
def test_refusals_say_what_to_do(tmp_path, given, options, reason):
    options = {name: tmp_path / value for name, value in options.items()}
    with pytest.raises(CommandError, match=reason):
        run(given, **options)


def test_missing_bars_are_named(tmp_path, settings):
    settings.MARKET_DATA_DIR = str(tmp_path)
    with pytest.raises(CommandError, match="There is no file ohlcv_2020-03_covid/.*neither here nor in"):
        run("covid-2020-03")


def test_a_chart_names_its_range_and_keeps_within_its_frame():
    svg = chart_svg(Chart("Fund <b>", "USDT", (Line("fund", [(0, -3.0), (60, 4.0), (120, 1_000_000.0)]),)))
    assert "Fund &lt;b&gt;: from -3 to 1M USDT" in svg
    points = re.search(r'points="([^"]+)"', svg)[1].split()
    places = [tuple(map(float, point.split(","))) for point in points]
    assert [place for place in places if not (0 <= place[0] <= 360 and 0 <= place[1] <= 190)] == []
    assert places[0][1] >= places[1][1] > places[2][1]


def test_a_flat_chart_is_drawn():
    svg = chart_svg(Chart("Nothing", "", (Line("nothing", [(0, 0), (60, 0)]),), True))
    assert "NaN" not in svg and svg.count("<polyline") == 1
