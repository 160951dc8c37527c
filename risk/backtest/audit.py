"""The independent accountant of a backtest: keeps every account by its cash flows alone and checks the engine by it.

    equity = deposits - fees - funding + sum(sales - purchases) + sum(lots * mark * value units)
Nothing here uses the engine's own equity, maintenance, entry values or realised P&L; of isolated positions it takes the
margin that the engine states. All numbers are exact integers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from trading.core.instruments import Bracket, InstrumentParameters
from trading.core.terms import (
    BUY,
    INSTRUMENT_NORMAL,
    INSURANCE_FUND,
    PPB,
    SETTLEMENT_ASSET,
    STEP_CANCEL,
    STEP_DELEVERAGE,
    STEP_TAKEOVER,
)
from trading.engine import events as e
from trading.engine import risk_events as r
from trading.engine.state import State

CROSS: Final = 0


class Book:
    """An account: its cash (all that was paid in, earned and spent) and, by instrument, lots and what they cost.

    `isolated_units` are the margins of isolated positions, as the engine last stated them.
    """

    __slots__ = ("cash_units", "entries_units", "funding_indices", "isolated_units", "lots")

    def __init__(self) -> None:
        self.cash_units = 0
        self.lots: dict[int, int] = {}
        self.entries_units: dict[int, int] = {}
        self.isolated_units: dict[int, int] = {}
        self.funding_indices: dict[int, int] = {}


class Listed:
    """An instrument: prices, and what one lot has paid in funding since listing (ledger units times 10^9)."""

    __slots__ = (
        "brackets",
        "funding_index",
        "fund_limit_units",
        "fund_margin_ppb",
        "is_fair",
        "is_normal",
        "mark_price_ticks",
        "value_units",
    )

    def __init__(self, value_units: int, parameters: InstrumentParameters) -> None:
        self.value_units = value_units
        self.brackets = parameters.brackets
        self.fund_margin_ppb = parameters.risk.fund_margin_ppb
        self.fund_limit_units = parameters.risk.fund_limit_units
        self.mark_price_ticks = 0
        self.funding_index = 0
        self.is_fair = False
        self.is_normal = True


class Audit:
    """Feed it every record. Money in ledger units; counters of what should never happen stay 0.

    `deficit_units`: what bankrupt positions were short of at the mark when the fund or others took them on, and what
    the fund paid for accounts left below zero; `deleveraged_units`: the part of it that deleveraged accounts bore;
    `halts` are those by volatility.
    """

    def __init__(self) -> None:
        self.books: dict[int, Book] = {INSURANCE_FUND: Book()}
        self.instruments: dict[int, Listed] = {}
        self.fees_units = self.pool_units = self.transferred_units = 0
        self.deficit_units = self.deleveraged_units = self.deleveraged_notional_units = 0
        self.fund_loss_units = 0
        self.liquidations = self.wrongful_liquidations = self.takeovers = self.deleveragings = 0
        self.needless_deleveragings = self.deleveraged_accounts = self.halts = 0
        self.liquidated_notional_units = 0
        self.largest_lot_units = 0
        self.mark_tolerance_ppb = 0
        self._step = STEP_CANCEL
        self._handlers: dict[type, Callable[[Any], None]] = {
            e.InstrumentListed: self._list,
            e.AccountOpened: self._open,
            e.CollateralTransferred: self._transfer,
            e.InstrumentStateChanged: self._change_state,
            e.MarkPriceUpdated: self._mark,
            e.TradeExecuted: self._trade,
            r.MarginModeChanged: self._change_mode,
            r.IsolatedMarginChanged: self._isolate,
            r.FundingApplied: self._fund,
            r.FundingSettled: self._settle,
            r.ResumptionScheduled: self._schedule,
            r.LiquidationStarted: self._start,
            r.LiquidationStepped: self._stepped,
            r.LiquidationFeeCharged: self._fee,
            r.PositionAssigned: self._assign,
            r.DeficitCovered: self._cover,
        }

    def observe(self, records: Iterable[e.Record]) -> None:
        handlers = self._handlers
        for record in records:
            for event in record.events:
                handler = handlers.get(type(event))
                if handler is not None:
                    handler(event)

    def judge_mark(self, instrument_id: int, mark_price_ticks: int, prices_nanoticks: list[int]) -> None:
        """Before a mark is sent: whether it is within the tolerance, and a tick, of the median of these prices.

        prices_nanoticks: those above zero of the venues that are not stale.
        """
        ranked = sorted(prices_nanoticks)
        twice_median = ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2] if ranked else 0
        distance = abs(2 * mark_price_ticks * PPB - twice_median) - 2 * PPB
        self.instruments[instrument_id].is_fair = distance * PPB <= self.mark_tolerance_ppb * twice_median

    def equity_units(self, account_id: int) -> int:
        book = self.books[account_id]
        return book.cash_units + sum(
            lots * self.instruments[number].mark_price_ticks * self.instruments[number].value_units
            for number, lots in book.lots.items()
        )

    def margin_units(self, account_id: int, scope: int) -> tuple[int, int]:
        """(equity, maintenance margin) of an isolated position, by its instrument id, or with 0 of all others."""
        book = self.books[account_id]
        held = self._held(account_id, scope)
        if scope == CROSS:
            equity = book.cash_units
            equity += sum(book.entries_units.get(number, 0) - units for number, units in book.isolated_units.items())
        else:
            equity = book.isolated_units[scope] - book.entries_units.get(scope, 0)
        equity += sum(lots * listed.mark_price_ticks * listed.value_units for listed, lots in held)
        maintenance = sum(
            _maintenance(listed.brackets, abs(lots) * listed.mark_price_ticks * listed.value_units)
            for listed, lots in held
        )
        return equity, maintenance

    def may_liquidate(self, account_id: int, scope: int) -> bool:
        """Whether nothing that is held there is halted or otherwise kept from trading."""
        return all(listed.is_normal for listed, _ in self._held(account_id, scope))

    def ledger_imbalance_units(self, state: State) -> int:
        """How far the engine's state is from these books, account by account, and either from summing to what came in.

        Sum of absolute differences: 0 when everything is where it should be.
        """
        imbalance = abs(
            sum(book.cash_units for book in self.books.values())
            + self.fees_units
            + self.pool_units
            - self.transferred_units
        )
        entries = 0
        for account_id, account in state.accounts.items():
            book = self.books[account_id]
            cash = account.collateral_units or 0
            for number, position in account.positions.items():
                cash -= position.entry_value_units
                entries += position.lots
                imbalance += abs(position.lots - book.lots.get(number, 0))
                imbalance += abs(position.entry_value_units - book.entries_units.get(number, 0))
            imbalance += abs(cash - book.cash_units)
        imbalance += abs(state.fees_units.get(SETTLEMENT_ASSET, 0) - self.fees_units)
        imbalance += abs(state.funding_units.get(SETTLEMENT_ASSET, 0) - self.pool_units)
        return imbalance + abs(entries)

    def scan(self) -> list[tuple[int, int, int, int]]:
        """(account id, scope, equity, maintenance) of all who hold something: the full scan an index saves."""
        return [
            (account_id, scope, *self.margin_units(account_id, scope))
            for account_id, book in self.books.items()
            for scope in {number if number in book.isolated_units else CROSS for number in book.lots}
        ]

    def _held(self, account_id: int, scope: int) -> list[tuple[Listed, int]]:
        """What the account holds in a scope."""
        book = self.books[account_id]
        return [
            (self.instruments[number], lots)
            for number, lots in book.lots.items()
            if (number if number in book.isolated_units else CROSS) == scope
        ]

    def _list(self, event: e.InstrumentListed) -> None:
        self.instruments[event.terms.instrument_id] = Listed(event.terms.value_units, event.parameters)

    def _open(self, event: e.AccountOpened) -> None:
        self.books[event.account_id] = Book()

    def _transfer(self, event: e.CollateralTransferred) -> None:
        self.books[event.account_id].cash_units += event.amount_units
        self.transferred_units += event.amount_units

    def _change_state(self, event: e.InstrumentStateChanged) -> None:
        self.instruments[event.instrument_id].is_normal = event.state == INSTRUMENT_NORMAL

    def _schedule(self, event: r.ResumptionScheduled) -> None:
        self.halts += event.low_price_ticks > 0

    def _mark(self, event: e.MarkPriceUpdated) -> None:
        listed = self.instruments[event.instrument_id]
        listed.mark_price_ticks = event.mark_price_ticks
        self.largest_lot_units = max(self.largest_lot_units, event.mark_price_ticks * listed.value_units)

    def _trade(self, event: e.TradeExecuted) -> None:
        value = event.price_ticks * event.quantity_lots * self.instruments[event.instrument_id].value_units
        self._move(event.taker_account_id, event.instrument_id, event.taker_side * event.quantity_lots, value)
        self._move(event.maker_account_id, event.instrument_id, -event.taker_side * event.quantity_lots, value)
        self.books[event.taker_account_id].cash_units -= event.taker_fee_units
        self.books[event.maker_account_id].cash_units -= event.maker_fee_units
        self.fees_units += event.taker_fee_units + event.maker_fee_units

    def _move(self, account_id: int, instrument_id: int, signed_lots: int, value_units: int) -> None:
        book = self.books[account_id]
        book.cash_units -= value_units if signed_lots > 0 else -value_units
        held = book.lots.get(instrument_id, 0)
        if held == 0:
            book.funding_indices[instrument_id] = self.instruments[instrument_id].funding_index
        entry_units = book.entries_units.get(instrument_id, 0)
        if held + signed_lots:
            book.lots[instrument_id] = held + signed_lots
            book.entries_units[instrument_id] = _entry_after(held, entry_units, signed_lots, value_units)
        else:
            del book.lots[instrument_id], book.entries_units[instrument_id]

    def _change_mode(self, event: r.MarginModeChanged) -> None:
        isolated = self.books[event.account_id].isolated_units
        if event.is_isolated:
            isolated[event.instrument_id] = event.isolated_units
        else:
            isolated.pop(event.instrument_id, None)

    def _isolate(self, event: r.IsolatedMarginChanged) -> None:
        self.books[event.account_id].isolated_units[event.instrument_id] = event.isolated_units

    def _fund(self, event: r.FundingApplied) -> None:
        listed = self.instruments[event.instrument_id]
        listed.funding_index += event.index_price_ticks * listed.value_units * event.rate_ppb

    def _settle(self, event: r.FundingSettled) -> None:
        book = self.books[event.account_id]
        charge_units = self._funding_units(book, event.instrument_id)
        book.funding_indices[event.instrument_id] = self.instruments[event.instrument_id].funding_index
        book.cash_units -= charge_units
        if event.instrument_id in book.isolated_units:
            book.isolated_units[event.instrument_id] -= charge_units
        self.pool_units += charge_units

    def _funding_units(self, book: Book, instrument_id: int) -> int:
        """What the position owes since it was settled last, rounded up."""
        moved = self.instruments[instrument_id].funding_index - book.funding_indices.get(instrument_id, 0)
        return -(-book.lots.get(instrument_id, 0) * moved // PPB)

    def _owed_units(self, account_id: int) -> int:
        book = self.books[account_id]
        return sum(self._funding_units(book, instrument_id) for instrument_id in book.lots)

    def _start(self, event: r.LiquidationStarted) -> None:
        self.liquidations += 1
        self.wrongful_liquidations += not self._is_rightful(event.account_id, event.instrument_id)
        self.liquidated_notional_units += sum(
            abs(lots) * listed.mark_price_ticks * listed.value_units
            for listed, lots in self._held(event.account_id, event.instrument_id)
        )

    def _is_rightful(self, account_id: int, scope: int) -> bool:
        equity, maintenance = self.margin_units(account_id, scope)
        is_fair = all(listed.is_fair for listed, _ in self._held(account_id, scope))
        return equity < maintenance and is_fair and self.may_liquidate(account_id, scope)

    def _stepped(self, event: r.LiquidationStepped) -> None:
        if event.step == STEP_CANCEL:
            return
        is_isolated = event.instrument_id in self.books[event.account_id].isolated_units
        scope = event.instrument_id if is_isolated else CROSS
        self.wrongful_liquidations += not self._is_rightful(event.account_id, scope)
        self._step = event.step
        if event.step == STEP_TAKEOVER:
            self.takeovers += 1
        elif event.step == STEP_DELEVERAGE:
            self.deleveragings += 1
            self.needless_deleveragings += event.account_id != INSURANCE_FUND and self._could_take_over(event)

    def _could_take_over(self, event: r.LiquidationStepped) -> bool:
        """Whether the fund could have afforded one lot of it, and had room for it."""
        listed = self.instruments[event.instrument_id]
        lot_units = listed.mark_price_ticks * listed.value_units
        side = 1 if event.lots > 0 else -1
        cost = side * (event.bankruptcy_price_ticks - listed.mark_price_ticks) * listed.value_units
        cost += -(-lot_units * listed.fund_margin_ppb // PPB)
        kept = sum(
            -(-abs(lots) * held.mark_price_ticks * held.value_units * held.fund_margin_ppb // PPB)
            for held, lots in self._held(INSURANCE_FUND, CROSS)
        )
        held_lots = self.books[INSURANCE_FUND].lots.get(event.instrument_id, 0)
        has_room = listed.fund_limit_units // lot_units - side * held_lots >= 1
        return has_room and cost <= self.equity_units(INSURANCE_FUND) - self._owed_units(INSURANCE_FUND) - kept

    def _assign(self, event: r.PositionAssigned) -> None:
        listed = self.instruments[event.instrument_id]
        value = event.price_ticks * event.quantity_lots * listed.value_units
        signed_lots = event.quantity_lots if event.side == BUY else -event.quantity_lots
        self._move(event.account_id, event.instrument_id, signed_lots, value)
        self._move(event.counterparty_id, event.instrument_id, -signed_lots, value)
        mark_units = listed.mark_price_ticks * event.quantity_lots * listed.value_units
        deficit_units = max(mark_units - value if event.side == BUY else value - mark_units, 0)
        self.deficit_units += deficit_units
        if self._step == STEP_DELEVERAGE and event.counterparty_id != INSURANCE_FUND:
            self.deleveraged_accounts += 1
            self.deleveraged_units += deficit_units
            self.deleveraged_notional_units += mark_units
        else:
            self.fund_loss_units += deficit_units

    def _fee(self, event: r.LiquidationFeeCharged) -> None:
        self.books[event.account_id].cash_units -= event.fee_units
        self.books[INSURANCE_FUND].cash_units += event.fee_units

    def _cover(self, event: r.DeficitCovered) -> None:
        book = self.books[event.account_id]
        book.cash_units += event.amount_units
        if event.instrument_id != CROSS:
            book.isolated_units[event.instrument_id] += event.amount_units
        self.books[INSURANCE_FUND].cash_units -= event.amount_units
        self.deficit_units += event.amount_units
        self.fund_loss_units += event.amount_units


def _entry_after(held: int, entry_units: int, signed_lots: int, value_units: int) -> int:
    """What the lots cost after a fill of this value: what is closed takes its part along, rounded up."""
    side = 1 if signed_lots > 0 else -1
    if held * side >= 0:
        return entry_units + side * value_units
    closed = min(abs(signed_lots), abs(held))
    opened_units = value_units * (abs(signed_lots) - closed) // abs(signed_lots)
    return entry_units - -(-entry_units * closed // abs(held)) + side * opened_units


def _maintenance(brackets: tuple[Bracket, ...], notional_units: int) -> int:
    """The greatest of all brackets' lines: rates rise, so the lines' upper envelope is the table (F9)."""
    return max(-(-notional_units * row.maintenance_rate_ppb // PPB) - row.maintenance_cum_units for row in brackets)
