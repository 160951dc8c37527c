"""An order meeting the book: what it would do and whether it may, decided without touching anything.

Placed orders, triggered stops and amended orders all come through here (rules 9a to 9h of docs/engine-rules.md).
"""

from __future__ import annotations

from risk.core.margin import ceil_ppb, initial_margin_units, open_loss_units
from trading.core.orders import Order
from trading.core.positions import NO_SPECIAL_ORDERS, Position, fill_position
from trading.core.terms import (
    BUY,
    CANCEL_IOC,
    CANCEL_PROTECTION,
    CANCEL_SELF_TRADE,
    FOK,
    GTC,
    GTD,
    INSTRUMENT_POST_ONLY,
    LIMIT,
    MARKET_TYPES,
    PPB,
)
from trading.engine.events import AnyEvent, OrderCancelled
from trading.engine.isolated import isolated_after_fills
from trading.engine.matches import TRADE, state_matches
from trading.engine.requirements import equity_and_initial, has_plenty, present_requirement, requirement
from trading.engine.state import State
from trading.engine.walk import OrderTerms, Walk


class Execution(Walk):
    """The plan of one incoming order. `plan` fills it in or names the refusal; `state_events` states it."""

    __slots__ = ("is_market", "open_loss_units", "reduce_only", "replaced", "resting_lots")

    def __init__(
        self, position: Position, terms: OrderTerms, lots: int, price_ticks: int, replaced: Order | None = None
    ) -> None:
        self.position = position
        self.terms = terms
        self.side = terms.side
        self.lots = lots
        self.price_ticks = price_ticks
        self.cut_lots = 0
        self.matches = []
        self.filled_lots = 0
        self.filled_value_units = 0
        self.taker_fees_units = 0
        self.expired_lots = 0
        self.expired_loss_units = 0
        self.is_stopped = False
        self.is_cut_short = False
        self.reduce_only = terms.reduce_only
        self.replaced = replaced
        self.is_market = False
        self.resting_lots = 0
        self.open_loss_units = 0

    def plan(self) -> str:
        """Work out what would happen; return the refusal's code, or "" when the order may go ahead."""
        terms, side, lots, price_ticks = self.terms, self.side, self.lots, self.price_ticks
        instrument = self.position.instrument
        order_type, time_in_force = terms.order_type, terms.time_in_force
        if order_type != LIMIT and order_type in MARKET_TYPES:
            self.is_market = True
            price_ticks = self.price_ticks = self._protection_price_ticks()
            notional_units = lots * instrument.lot_value_units
        else:
            if not instrument.band_low_ticks <= price_ticks <= instrument.band_high_ticks:
                return "price_outside_band"
            notional_units = lots * price_ticks * instrument.value_units
        if self.reduce_only:
            code = self._reduce_only_room()
            if code:
                return code
        elif notional_units < instrument.minimum_notional_units:
            return "notional_too_small"
        book = instrument.book
        opposite = book.asks if side == BUY else book.bids
        if opposite.best_key >= -side * price_ticks:
            if terms.post_only:
                return "would_take"
            if instrument.state == INSTRUMENT_POST_ONLY:
                return "post_only_mode"
            self.walk(opposite)
        if time_in_force == GTC or time_in_force == GTD:
            if not self.is_market and not self.is_stopped and not self.is_cut_short:
                self.resting_lots = lots - self.cut_lots - self.filled_lots
        elif time_in_force == FOK and self.filled_lots < lots:
            return "not_fillable"
        return self._limits_and_margin()

    def plan_liquidation(self) -> bool:
        """Walk the book with nothing checked; whether there is a fill."""
        instrument = self.position.instrument
        opposite = instrument.book.asks if self.side == BUY else instrument.book.bids
        if opposite.best_key >= -self.side * self.price_ticks:
            self.walk(opposite)
        return self.filled_lots > 0

    def _protection_price_ticks(self) -> int:
        """9a: how far from the mark a market order may trade."""
        instrument = self.position.instrument
        mark, protection_ppb = instrument.mark_price_ticks, instrument.parameters.protection_ppb
        if self.side == BUY:
            return mark * (PPB + protection_ppb) // PPB
        return ceil_ppb(mark, PPB - protection_ppb)

    def _reduce_only_room(self) -> str:
        """9c: a reduce-only order may close the position and no more; what is beyond is cut."""
        position = self.position
        special = position.special or NO_SPECIAL_ORDERS
        room = abs(position.lots) - special.reduce_buy_lots - special.reduce_sell_lots
        if self.replaced is not None:
            room += self.replaced.open_lots
        if position.lots * self.side >= 0 or room <= 0 or (self.replaced is not None and self.lots > room):
            return "would_not_reduce"
        self.cut_lots = max(self.lots - room, 0)
        return ""

    def _limits_and_margin(self) -> str:
        """9f, 9g: position limit and margin, after the fills and with the rest resting."""
        position, side = self.position, self.side
        instrument = position.instrument
        lots, filled_lots, resting_lots = position.lots, self.filled_lots, self.resting_lots
        if filled_lots:
            lots += side * filled_lots
        buy, sell, loss = position.buy_lots, position.sell_lots, position.open_loss_units
        if self.expired_lots or self.replaced is not None:
            buy, sell, loss = self._other_open_orders()
        if resting_lots and not self.reduce_only:
            if side * (self.price_ticks - instrument.mark_price_ticks) > 0:
                self.open_loss_units = open_loss_units(
                    side, self.price_ticks, instrument.mark_price_ticks, resting_lots, instrument.value_units
                )
                loss += self.open_loss_units
            if side == BUY:
                buy += resting_lots
            else:
                sell += resting_lots
        if position.isolated_units is not None:
            return self._isolated_margin(buy, sell, loss)
        gain_units = 0
        if filled_lots:
            gain_units = side * (instrument.lot_value_units * filled_lots - self.filled_value_units)
            gain_units -= self.taker_fees_units
        if has_plenty(position, lots, buy, sell, loss, gain_units):
            return ""
        return cross_refusal(position, lots, buy, sell, loss, gain_units)

    def _isolated_margin(self, buy: int, sell: int, loss: int) -> str:
        """9f, 9g where the position has margin of its own, which grows and shrinks with it."""
        position = self.position
        lots, entry_value_units = position.lots, position.entry_value_units
        after_lots = lots + self.side * self.filled_lots
        largest_lots = max(after_lots + buy, sell - after_lots)
        instrument = position.instrument
        if largest_lots > instrument.position_limit_lots and largest_lots > _present_lots(position):
            return "position_limit"
        equity, other_initial = equity_and_initial(position.account, position)
        equity_after = equity
        if self.filled_lots:
            value_units = position.instrument.value_units
            for maker, filled, kind, _ in self.matches:
                if kind == TRADE:
                    lots, entry_value_units, realised = fill_position(
                        lots, entry_value_units, self.side, filled, maker.price_ticks * value_units
                    )
                    equity_after += realised
            held_units = (position.isolated_units or 0) - position.owed_funding_units()
            equity_after -= self.taker_fees_units
            equity_after += held_units - isolated_after_fills(position, lots, entry_value_units, held_units)
            if equity_after < 0 and equity_after < equity:
                return "insufficient_margin"
        lacking = other_initial + requirement(position, lots, buy, sell, loss) - equity_after
        if lacking > 0 and lacking > other_initial + present_requirement(position) - equity:
            return "insufficient_margin"
        return ""

    def _other_open_orders(self) -> tuple[int, int, int]:
        """Open buys, sells and open loss of the position without this order and without own makers it expires."""
        position = self.position
        buy, sell, loss = position.buy_lots, position.sell_lots, position.open_loss_units
        loss -= self.expired_loss_units
        if self.side == BUY:
            sell -= self.expired_lots
        else:
            buy -= self.expired_lots
        replaced = self.replaced
        if replaced is not None and not replaced.reduce_only:
            loss -= replaced.open_loss_units
            if self.side == BUY:
                buy -= replaced.open_lots
            else:
                sell -= replaced.open_lots
        return buy, sell, loss

    def state_events(
        self, state: State, order_id: int, ids_used: int, events: list[AnyEvent], is_liquidation: bool = False
    ) -> None:
        """Append trades, makers' cancels and the cancel of what neither filled nor rests, in walk order.

        `ids_used`: how many ids the events before these took; `is_liquidation`: see `state_matches`.
        """
        if self.matches:
            state_matches(self.matches, self.position, self.side, order_id, state, ids_used, events, is_liquidation)
        left = self.lots - self.cut_lots - self.filled_lots - self.resting_lots
        if left:
            reason = CANCEL_IOC
            if self.is_stopped:
                reason = CANCEL_SELF_TRADE
            elif self.is_market or self.is_cut_short:
                reason = CANCEL_PROTECTION
            events.append(
                OrderCancelled(
                    order_id,
                    self.position.account.account_id,
                    self.position.instrument.instrument_id,
                    self.side,
                    self.price_ticks,
                    left,
                    False,
                    reason,
                )
            )


def plan_resting(position: Position, side: int, lots: int, price_ticks: int) -> tuple[str, int] | None:
    """(refusal's code or "", open loss in units) of an ordinary limit order that rests: what `Execution` says of it.

    None when it would meet somebody, or its position is isolated.
    """
    instrument = position.instrument
    if not instrument.band_low_ticks <= price_ticks <= instrument.band_high_ticks:
        return "price_outside_band", 0
    if lots * price_ticks * instrument.value_units < instrument.minimum_notional_units:
        return "notional_too_small", 0
    book = instrument.book
    opposite = book.asks if side == BUY else book.bids
    if opposite.best_key >= -side * price_ticks or position.isolated_units is not None:
        return None
    buy_lots, sell_lots, loss_units = position.buy_lots, position.sell_lots, 0
    if side == BUY:
        buy_lots += lots
    else:
        sell_lots += lots
    if side * (price_ticks - instrument.mark_price_ticks) > 0:
        loss_units = open_loss_units(side, price_ticks, instrument.mark_price_ticks, lots, instrument.value_units)
    lots, held_loss_units = position.lots, position.open_loss_units + loss_units
    if has_plenty(position, lots, buy_lots, sell_lots, held_loss_units, 0):
        return "", loss_units
    return cross_refusal(position, lots, buy_lots, sell_lots, held_loss_units, 0), loss_units


def cross_refusal(
    position: Position, lots: int, buy_lots: int, sell_lots: int, loss_units: int, gain_units: int
) -> str:
    """9f, 9g: the refusal's code, "" for none, of a cross position that would have these lots, open lots and open loss.

    gain_units: of the fills at the mark, fees paid.
    """
    instrument = position.instrument
    largest_lots = max(lots + buy_lots, sell_lots - lots)
    if largest_lots > instrument.position_limit_lots and largest_lots > _present_lots(position):
        return "position_limit"
    equity_units, other_initial_units = equity_and_initial(position.account, position)
    if gain_units < 0 and equity_units + gain_units < 0:
        return "insufficient_margin"
    leverage = position.leverage or instrument.default_leverage
    required_units = initial_margin_units(instrument, lots, buy_lots, sell_lots, loss_units, leverage)
    lacking_units = other_initial_units + required_units - equity_units - gain_units
    if lacking_units > 0 and lacking_units > other_initial_units + present_requirement(position) - equity_units:
        return "insufficient_margin"
    return ""


def _present_lots(position: Position) -> int:
    """The most lots, long or short, that the position has once its open orders of one side fill."""
    return max(abs(position.lots + position.buy_lots), abs(position.lots - position.sell_lots))
