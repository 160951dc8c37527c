"""A finished run as one HTML page that needs nothing else: figures in words, charts, what it was made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from django.template import Context, Engine
from django.utils.safestring import mark_safe

from risk.backtest.charts import Chart, Line, chart_svg
from risk.backtest.run import Run, Sample
from risk.backtest.scenario import UNITS, Scenario

TEMPLATE: Final = Path(__file__).parent / "report.html"


class Figure(NamedTuple):
    """A number with its name and what it says; `tone` good or bad where one can tell."""

    name: str
    text: str
    hint: str
    tone: str = ""


class Drawn(NamedTuple):
    """A chart with the names of its lines; `svg` is safe to show as it is."""

    title: str
    unit: str
    names: tuple[str, ...]
    svg: str


def drawn(charts: Iterable[Chart]) -> list[Drawn]:
    return [
        Drawn(
            chart.title,
            chart.unit,
            tuple(line.name for line in chart.lines) if len(chart.lines) > 1 else (),
            mark_safe(chart_svg(chart)),  # every text in it is escaped there
        )
        for chart in charts
    ]


def render(**values: Any) -> str:
    """The page; what it takes stands in report.html."""
    template = Engine().from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(Context(values))


def run_page(run: Run, values: dict[str, Any], command: str) -> str:
    """The report of a run with its figures, and the command that made it."""
    scenario = run.scenario
    return render(
        title=scenario.title,
        note=scenario.note,
        command=command,
        period=_period(scenario),
        figures=_figures(values),
        charts=drawn(_charts(run)),
        constituents=values["constituents"],
        stands_in=any(row["stands_in"] for row in values["constituents"]),
        population=_population(scenario),
    )


def usdt(units: int) -> str:
    return f"{units / UNITS:,.2f}".removesuffix(".00") + " USDT"


def never(count: int, text: str | None = None) -> tuple[str, str]:
    """(text, tone) of a number that has to be 0."""
    return text if text is not None else f"{count:,}", "bad" if count else "good"


def _figures(values: dict[str, Any]) -> list[Figure]:
    speed = values["speed"]
    imbalance, imbalance_tone = never(values["ledger_imbalance_units"], usdt(values["ledger_imbalance_units"]))
    debt, debt_tone = never(values["bad_debt_units"], usdt(values["bad_debt_units"]))
    wrongful, wrongful_tone = never(values["wrongful_liquidations"])
    fund_tone, fund_hint = "good", "equity at mark after each price"
    if values["fund_below_zero"]:
        fund_tone = "bad"
    elif values["fund_min_units"] < 0:
        fund_tone, fund_hint = "", f"{fund_hint}, here while trading was halted"
    return [
        Figure("Ledger imbalance", imbalance, "all accounts by a second bookkeeping", imbalance_tone),
        Figure("Bad debt", debt, "accounts below zero in the end", debt_tone),
        Figure("Wrongful liquidations", wrongful, "equity was enough, or the mark was off the venues", wrongful_tone),
        Figure("Liquidations", f"{values['liquidations']:,}", f"{values['takeovers']:,} takeovers by the fund"),
        Figure("Fund at the start", usdt(values["fund_start_units"]), ""),
        Figure("Fund in the end", usdt(values["fund_end_units"]), ""),
        Figure("Fund at its lowest", usdt(values["fund_min_units"]), fund_hint, fund_tone),
        Figure("Deficit", usdt(values["deficit_units"]), "what bankrupt positions were short of at the mark"),
        Figure(
            "Borne by deleveraging",
            usdt(values["deleveraged_units"]),
            f"{values['deleveraged_accounts']:,} closes, worth {usdt(values['deleveraged_notional_units'])}",
        ),
        Figure("Halts by volatility", f"{values['halts']:,}", "the mark moved too far within the window"),
        Figure("Longest queue", f"{values['max_queue']:,}", "internal commands behind one command"),
        Figure("Events", f"{values['events']:,}", f"in {values['seconds']:,.1f} s"),
        Figure(
            "Speed",
            f"{speed['times_real_time']:,.0f} × real time",
            f"{speed['price_steps_per_second']:,.0f} prices and {speed['events_per_second']:,.0f} events a second",
        ),
        Figure(
            "A price with all that follows",
            f"{speed['price_command_us']:,.0f} µs",
            f"looking at every account instead: {speed['full_scan_us']:,.0f} µs",
        ),
    ]


def _charts(run: Run) -> list[Chart]:
    scenario, samples = run.scenario, run.samples
    starts_s = scenario.starts_s
    charts = []
    for number, spec in enumerate(scenario.markets):
        symbol, tick = spec.listing.terms.symbol, float(spec.listing.terms.tick)
        index = _line("index", samples, starts_s, [sample.indices[number] * tick for sample in samples])
        apart = [(sample.marks[number] / sample.indices[number] - 1) * 1e4 for sample in samples]
        charts.append(Chart(f"{symbol}: index price", "USDT", (index,)))
        charts.append(Chart(f"{symbol}: mark less index", "bp", (_line("mark", samples, starts_s, apart),), True))
    scanned = [sample for sample in samples if sample.ratios is not None]
    ratios = tuple(
        _line(name, scanned, starts_s, [sample.ratios[place] / 10 for sample in scanned if sample.ratios])
        for place, name in enumerate(("half of the accounts below", "9 of 10 below", "99 of 100 below"))
    )
    charts.append(Chart("Margin ratios (maintenance over equity)", "%", ratios, True))
    for title, unit, numbers in (
        ("Liquidations so far", "", [sample.liquidations for sample in samples]),
        ("Insurance fund", "USDT", [sample.fund_units / UNITS for sample in samples]),
        ("Deleveraged so far", "USDT", [sample.deleveraged_notional_units / UNITS for sample in samples]),
        ("Open positions, both sides", "USDT", [sample.open_notional_units / UNITS for sample in samples]),
    ):
        charts.append(Chart(title, unit, (_line(title, samples, starts_s, numbers),), True))
    return charts


def _line(name: str, samples: Sequence[Sample], starts_s: int, numbers: Sequence[float]) -> Line:
    return Line(name, [(starts_s + sample.second, number) for sample, number in zip(samples, numbers, strict=True)])


def _period(scenario: Scenario) -> str:
    starts, ends = (datetime.fromtimestamp(moment, UTC) for moment in (scenario.starts_s, scenario.ends_s))
    return f"{starts:%d %b %Y %H:%M} to {ends:%d %b %Y %H:%M} UTC, a price every second"


def _population(scenario: Scenario) -> str:
    rules = scenario.population
    return (
        f"{rules.traders:,} traders a market by the profile {rules.profile}, {rules.isolated:.0%} of those in one "
        f"market with isolated margin, {usdt(rules.open_interest_units)} open "
        f"on each side at most, {rules.makers} makers who show {usdt(rules.depth_units)} on each side in quiet times; "
        f"seed {scenario.seed}"
    )
