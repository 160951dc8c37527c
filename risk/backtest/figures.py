"""The numbers of a finished run, as its JSON gives them. Only `seconds` and `speed` differ between two equal runs."""

from __future__ import annotations

from typing import Any, Final

from risk.backtest.run import Run
from risk.backtest.scenario import MADE_UP, Scenario
from risk.core.index_price import INDEX_STATUSES
from trading.core.terms import INSURANCE_FUND

STATUS_WORDS: Final = {code: word for word, code in INDEX_STATUSES.items()}


def figures(run: Run) -> dict[str, Any]:
    """Money in ledger units (10^-6 USDT). What each number means: docs/backtests/README.md."""
    audit = run.audit
    return {
        "ledger_imbalance_units": run.ledger_imbalance_units,
        "bad_debt_units": sum(max(-audit.equity_units(account_id), 0) for account_id in audit.books),
        "fund_start_units": run.scenario.fund_units,
        "fund_end_units": audit.equity_units(INSURANCE_FUND),
        "fund_min_units": run.fund_min_units,
        "deficit_units": audit.deficit_units,
        "deleveraged_units": audit.deleveraged_units,
        "liquidations": audit.liquidations,
        "wrongful_liquidations": audit.wrongful_liquidations,
        "max_queue": run.max_queue,
        "events": run.events,
        "seconds": round(run.seconds, 3),
        "scenario": run.scenario.name,
        "seed": run.scenario.seed,
        "simulated_seconds": run.scenario.ends_s - run.scenario.starts_s,
        "accounts": len(audit.books) - 1,
        "price_steps": run.price_steps,
        "commands": run.commands,
        "halts": audit.halts,
        "takeovers": audit.takeovers,
        "deleveragings": audit.deleveragings,
        "deleveraged_accounts": audit.deleveraged_accounts,
        "deleveraged_notional_units": audit.deleveraged_notional_units,
        "liquidated_notional_units": audit.liquidated_notional_units,
        "fund_loss_units": audit.fund_loss_units,
        "missed_liquidations": run.missed_liquidations,
        "fund_below_zero": run.fund_below_zero,
        "needless_deleveragings": audit.needless_deleveragings,
        "largest_lot_units": audit.largest_lot_units,
        "index": {STATUS_WORDS[status]: count for status, count in sorted(run.index_statuses.items())},
        "refused": dict(sorted(run.refused.items())),
        "constituents": constituents(run.scenario),
        "speed": speed(run),
    }


def constituents(scenario: Scenario) -> list[dict[str, Any]]:
    """What each index was made of; `stands_in`: a perpetual takes the place of a spot market."""
    return [
        {
            "market": market.listing.terms.symbol,
            "venue": venue.name,
            "weight": venue.weight,
            "prices": "made up" if venue.kind == MADE_UP else venue.file,
            "bar_s": venue.bar_s,
            "stands_in": venue.kind == "perpetual",
        }
        for market in scenario.markets
        for venue in market.venues
    ]


def speed(run: Run) -> dict[str, float]:
    """By the time of the one core a run uses. `price_command_us`: one price with all liquidations that follow, its
    audit included; `full_scan_us`: the equity and maintenance margin of every account once, which is what each price
    would cost without an index of liquidations."""
    seconds = max(run.cpu_seconds, 1e-9)
    return {
        "cpu_seconds": round(run.cpu_seconds, 3),
        "price_steps_per_second": round(run.price_steps / seconds, 1),
        "events_per_second": round(run.events / seconds, 1),
        "times_real_time": round((run.scenario.ends_s - run.scenario.starts_s) / seconds, 1),
        "price_command_us": round(run.price_seconds * 1e6 / max(run.price_steps, 1), 1),
        "full_scan_us": round(run.scan_seconds * 1e6 / max(run.scans, 1), 1),
    }
