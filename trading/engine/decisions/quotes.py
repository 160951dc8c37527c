"""Mass quotes: all of an account's quotes in an instrument replaced at once, and the protection of who gives them."""

from __future__ import annotations

from typing import Final

from risk.core.margin import open_loss_units
from trading.core.order_book import Ladder, orders_of
from trading.core.orders import Order
from trading.core.positions import NO_SPECIAL_ORDERS, Position
from trading.core.terms import (
    ACCOUNT_FROZEN,
    ACCOUNT_NORMAL,
    BUY,
    CANCEL_MARKET_MAKER_PROTECTION,
    CANCEL_REQUOTED,
    EXPIRE_TAKER,
    GTC,
    INSTRUMENT_CANCEL_ONLY,
    INSTRUMENT_HALTED,
    INSURANCE_FUND,
    LIMIT,
    SELL,
)
from trading.engine.commands import FireMarketMakerProtection, MassQuote, Quote, SetMarketMakerProtection
from trading.engine.decisions.amends import amended_in_place
from trading.engine.decisions.cancels import cancelled
from trading.engine.events import AnyEvent, MarketMakerProtectionFired, MarketMakerProtectionSet, SpecialOrderPlaced
from trading.engine.refusal import refuse
from trading.engine.requirements import equity_and_initial, present_requirement, requirement
from trading.engine.state import State

MOST_QUOTES: Final = 40
LONGEST_WINDOW_NS: Final = 60 * 1_000_000_000
LONGEST_FREEZE_NS: Final = 24 * 3600 * 1_000_000_000


def mass_quote(state: State, command: MassQuote) -> list[AnyEvent]:
    """Wholly or not at all: old quotes are kept where the new ones ask for no more, else cancelled and placed anew."""
    account = state.accounts.get(command.account_id)
    if account is None:
        return refuse(command, "account_not_found")
    instrument = state.instruments.get(command.instrument_id)
    if instrument is None:
        return refuse(command, "instrument_not_found")
    position = account.positions.get(command.instrument_id) or Position(account, instrument)
    plan = _Plan(position, command.quotes)
    code = (
        _shape_refusal(position, command.quotes)
        or _state_refusal(position, command.quotes, state.time_ns)
        or _market_refusal(position, command.quotes)
        or plan.margin_refusal()
    )
    if code:
        return refuse(command, code)
    return plan.state_events(state, command)


class _Plan:
    """Which quotes go, which stay with how many lots, and which are new. `kept` maps order id to (order, lots)."""

    def __init__(self, position: Position, quotes: tuple[Quote, ...]) -> None:
        self.position = position
        quotes_before = (position.special or NO_SPECIAL_ORDERS).quotes
        present = {(order.side, order.price_ticks): order for order in quotes_before.values()}
        self.kept: dict[int, tuple[Order, int]] = {}
        self.new: list[Quote] = []
        for quote in quotes:
            order = present.get((quote.side, quote.price_ticks))
            if order is not None and quote.quantity_lots <= order.open_lots:
                self.kept[order.order_id] = (order, quote.quantity_lots)
            else:
                self.new.append(quote)
        self.gone = [order for _, order in sorted(quotes_before.items()) if order.order_id not in self.kept]

    def margin_refusal(self) -> str:
        """Position limit and margin, as if the new quotes rested in place of the old ones."""
        position, instrument = self.position, self.position.instrument
        buy, sell, loss = position.buy_lots, position.sell_lots, position.open_loss_units
        changes = [(order, order.open_lots, order.open_loss_units) for order in self.gone]
        for order, lots in self.kept.values():
            lost_lots = order.open_lots - lots
            changes.append((order, lost_lots, order.open_loss_units * lost_lots // order.open_lots))
        for order, lots, released_units in changes:
            loss -= released_units
            if order.side == BUY:
                buy -= lots
            else:
                sell -= lots
        for quote in self.new:
            loss += _open_loss_units(position, quote)
            if quote.side == BUY:
                buy += quote.quantity_lots
            else:
                sell += quote.quantity_lots
        largest = max(abs(position.lots + buy), abs(position.lots - sell))
        if largest > instrument.position_limit_lots and largest > max(
            abs(position.lots + position.buy_lots), abs(position.lots - position.sell_lots)
        ):
            return "position_limit"
        equity, other_initial = equity_and_initial(position.account, position)
        required = requirement(position, position.lots, buy, sell, loss)
        lacking = other_initial + required - equity
        if lacking > 0 and required > present_requirement(position):
            return "insufficient_margin"
        return ""

    def state_events(self, state: State, command: MassQuote) -> list[AnyEvent]:
        events: list[AnyEvent] = [cancelled(order, CANCEL_REQUOTED) for order in self.gone]
        for _, (order, lots) in sorted(self.kept.items()):
            if lots < order.open_lots:
                events.append(amended_in_place(order, order.quantity_lots - order.open_lots + lots, lots))
        for ahead, quote in enumerate(self.new, 1):
            events.append(_placed(state.next_id(ahead), command, quote, _open_loss_units(self.position, quote)))
        return events


def set_market_maker_protection(state: State, command: SetMarketMakerProtection) -> list[AnyEvent]:
    if command.account_id not in state.accounts or command.account_id == INSURANCE_FUND:
        return refuse(command, "account_not_found")
    if command.instrument_id not in state.instruments:
        return refuse(command, "instrument_not_found")
    limits = (command.quantity_lots, command.delta_lots)
    numbers = (*limits, command.window_ns, command.freeze_ns)
    if min(numbers) < 0 or command.window_ns > LONGEST_WINDOW_NS or command.freeze_ns > LONGEST_FREEZE_NS:
        return refuse(command, "invalid_parameter")
    if any(limits) != (command.window_ns > 0) or (command.freeze_ns and not command.window_ns):
        return refuse(command, "invalid_parameter")
    return [
        MarketMakerProtectionSet(
            command.account_id, command.instrument_id, command.window_ns, *limits, command.freeze_ns
        )
    ]


def fire_market_maker_protection(state: State, command: FireMarketMakerProtection) -> list[AnyEvent]:
    """Every quote of the account in the instrument goes."""
    position = state.accounts[command.account_id].positions[command.instrument_id]
    special = position.special or NO_SPECIAL_ORDERS
    protection = special.protection
    if protection is None or protection.is_frozen(state.time_ns):
        return []
    frozen_until_ns = state.time_ns + protection.freeze_ns if protection.freeze_ns else 0
    events: list[AnyEvent] = [MarketMakerProtectionFired(command.account_id, command.instrument_id, frozen_until_ns)]
    for _, order in sorted(special.quotes.items()):
        events.append(cancelled(order, CANCEL_MARKET_MAKER_PROTECTION))
    return events


def _shape_refusal(position: Position, quotes: tuple[Quote, ...]) -> str:
    prices: dict[int, list[int]] = {BUY: [], SELL: []}
    for quote in quotes:
        if quote.side not in prices or quote.price_ticks in prices[quote.side]:
            return "invalid_parameter"
        prices[quote.side].append(quote.price_ticks)
    crossed = bool(prices[BUY] and prices[SELL]) and max(prices[BUY]) >= min(prices[SELL])
    if crossed or len(quotes) > MOST_QUOTES:
        return "invalid_parameter"
    instrument = position.instrument
    for quote in quotes:
        if not 1 <= quote.quantity_lots <= instrument.maximum_order_lots:
            return "invalid_quantity"
        if not 1 <= quote.price_ticks <= instrument.maximum_price_ticks:
            return "invalid_price"
    return ""


def _state_refusal(position: Position, quotes: tuple[Quote, ...], time_ns: int) -> str:
    account, instrument = position.account, position.instrument
    if not quotes:
        if account.state == ACCOUNT_FROZEN:
            return "account_restricted"
        return "instrument_halted" if instrument.state == INSTRUMENT_HALTED else ""
    if account.state != ACCOUNT_NORMAL or account.is_being_liquidated(position):
        return "account_restricted"
    if instrument.state >= INSTRUMENT_CANCEL_ONLY or instrument.mark_price_ticks == 0:
        return "instrument_halted"
    special = position.special or NO_SPECIAL_ORDERS
    if special.protection is not None and special.protection.is_frozen(time_ns):
        return "quotes_frozen"
    others = position.open_orders - len(special.quotes)
    if others + len(quotes) > (account.maximum_open_orders or instrument.maximum_open_orders):
        return "too_many_open_orders"
    return ""


def _market_refusal(position: Position, quotes: tuple[Quote, ...]) -> str:
    """Band, minimum notional, and nothing that would trade with anybody's orders but the quotes that go."""
    instrument = position.instrument
    book = instrument.book
    best_keys = {BUY: _best_key(book.asks, position), SELL: _best_key(book.bids, position)} if quotes else {}
    for quote in quotes:
        price_ticks = quote.price_ticks
        if not instrument.band_low_ticks <= price_ticks <= instrument.band_high_ticks:
            return "price_outside_band"
        if price_ticks * quote.quantity_lots * instrument.value_units < instrument.minimum_notional_units:
            return "notional_too_small"
        best_key = best_keys[quote.side]
        if best_key is not None and best_key >= -quote.side * price_ticks:
            return "would_take"
    return ""


def _best_key(opposite: Ladder, position: Position) -> int | None:
    """Side times price of the best order that is not one of the account's own quotes."""
    quotes = (position.special or NO_SPECIAL_ORDERS).quotes
    for level in opposite.walk():
        if any(order.order_id not in quotes for order in orders_of(level)):
            return level.key
    return None


def _open_loss_units(position: Position, quote: Quote) -> int:
    instrument = position.instrument
    return open_loss_units(
        quote.side, quote.price_ticks, instrument.mark_price_ticks, quote.quantity_lots, instrument.value_units
    )


def _placed(order_id: int, command: MassQuote, quote: Quote, open_loss: int) -> SpecialOrderPlaced:
    return SpecialOrderPlaced(
        order_id,
        command.account_id,
        command.instrument_id,
        "",
        quote.side,
        LIMIT,
        quote.quantity_lots,
        quote.price_ticks,
        GTC,
        EXPIRE_TAKER,
        True,
        False,
        0,
        0,
        quote.quantity_lots,
        0,
        open_loss,
        is_quote=True,
    )
