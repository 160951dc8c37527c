"""An order meeting the book: what it would do and whether it may, decided without touching anything.

Placed orders, triggered stops and amended orders all come through here (rules 9a to 9h of docs/engine-rules.md).
"""

from __future__ import annotations

from collections import deque
from typing import Final, Protocol

from risk.core.margin import ceil_ppb, initial_margin_units, open_loss_units
from trading.core.order_book import Ladder
from trading.core.orders import NOT_SPECIAL, Order
from trading.core.positions import Position, fill_position
from trading.core.terms import (
    BUY,
    CANCEL_GROUP,
    CANCEL_IOC,
    CANCEL_PROTECTION,
    CANCEL_REDUCE_ONLY,
    CANCEL_SELF_TRADE,
    EXPIRE_MAKER,
    EXPIRE_TAKER,
    FOK,
    GTC,
    GTD,
    INSTRUMENT_POST_ONLY,
    MARKET_TYPES,
    PPB,
)
from trading.engine.events import AnyEvent, OrderCancelled
from trading.engine.isolated import isolated_after_fills
from trading.engine.matches import TRADE, state_matches
from trading.engine.requirements import equity_and_initial, present_requirement, requirement
from trading.engine.state import State

MOST_MATCHES: Final = 1_000  # bounds the work of one command


class OrderTerms(Protocol):
    """What a new order, a triggered stop and an amended order have in common."""

    @property
    def side(self) -> int: ...
    @property
    def order_type(self) -> int: ...
    @property
    def time_in_force(self) -> int: ...
    @property
    def self_trade_prevention(self) -> int: ...
    @property
    def post_only(self) -> bool: ...
    @property
    def reduce_only(self) -> bool: ...


class Execution:
    """The plan of one incoming order. `plan` fills it in or names the refusal; `state_events` states it.

    `matches` are (maker, lots, 0) for a trade and (maker, lots, cancel reason) for a maker's cancel, in walk order.
    `is_cut_short`: it met more counterparts than one command may. `groups` maps the groups of filled makers to these.
    `icebergs` are those (maker, hidden lots) of the level in hand whose shown lots are used up.
    """

    __slots__ = (
        "cut_lots",
        "expired_loss_units",
        "expired_lots",
        "filled_lots",
        "filled_value_units",
        "groups",
        "icebergs",
        "is_cut_short",
        "is_market",
        "is_stopped",
        "lots",
        "matches",
        "open_loss_units",
        "position",
        "price_ticks",
        "reduce_only",
        "replaced",
        "resting_lots",
        "side",
        "terms",
    )

    def __init__(
        self, position: Position, terms: OrderTerms, lots: int, price_ticks: int, replaced: Order | None = None
    ) -> None:
        self.position = position
        self.terms = terms
        self.side = terms.side
        self.reduce_only = terms.reduce_only
        self.lots = lots
        self.price_ticks = price_ticks
        self.replaced = replaced
        self.is_market = False
        self.cut_lots = 0
        self.matches: list[tuple[Order, int, int]] = []
        self.icebergs: deque[tuple[Order, int]] | None = None
        self.filled_lots = 0
        self.filled_value_units = 0
        self.expired_lots = 0
        self.expired_loss_units = 0
        self.is_stopped = False
        self.is_cut_short = False
        self.groups: dict[int, int] | None = None
        self.resting_lots = 0
        self.open_loss_units = 0

    def plan(self) -> str:
        """Work out what would happen; return the refusal's code, or "" when the order may go ahead."""
        terms, side, lots, price_ticks = self.terms, self.side, self.lots, self.price_ticks
        instrument = self.position.instrument
        order_type, time_in_force = terms.order_type, terms.time_in_force
        if order_type in MARKET_TYPES:
            self.is_market = True
            price_ticks = self.price_ticks = self._protection_price_ticks()
            notional_units = lots * instrument.lot_value_units
        else:
            mark = instrument.mark_price_ticks
            if abs(price_ticks - mark) * PPB > instrument.price_band_ppb * mark:
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
            self._walk(opposite)
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
            self._walk(opposite)
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
        room = abs(position.lots) - position.reduce_buy_lots - position.reduce_sell_lots
        if self.replaced is not None:
            room += self.replaced.open_lots
        if position.lots * self.side >= 0 or room <= 0 or (self.replaced is not None and self.lots > room):
            return "would_not_reduce"
        self.cut_lots = max(self.lots - room, 0)
        return ""

    def _walk(self, opposite: Ladder) -> None:
        """9d: collect counterparts, best price first and oldest first within, until the lots are used up."""
        left = self.lots - self.cut_lots
        bound = -self.side * self.price_ticks
        user_id = self.position.account.user_id
        levels = opposite.levels
        for key in reversed(opposite.keys):
            if key < bound:
                return
            maker = levels[key].oldest
            while maker is not None:
                if len(self.matches) >= MOST_MATCHES:
                    self.is_cut_short = True
                    return
                if maker.position.account.user_id == user_id:
                    if self._meet_own(maker):
                        return
                else:
                    left -= self._take(maker, left)
                    if left == 0:
                        return
                maker = maker.newer
            if self.icebergs:
                left = self._walk_icebergs(self.icebergs, left)
                if left == 0 or self.is_cut_short:
                    return

    def _walk_icebergs(self, icebergs: deque[tuple[Order, int]], left: int) -> int:
        """Icebergs whose shown lots are used up come behind all others at their price, again and again."""
        while icebergs and left:
            if len(self.matches) >= MOST_MATCHES:
                self.is_cut_short = True
                return left
            maker, hidden_lots = icebergs.popleft()
            special = maker.special or NOT_SPECIAL
            shown_lots = min(special.display_lots, hidden_lots)
            lots = min(shown_lots, left)
            self._fill(maker, lots)
            left -= lots
            if lots == shown_lots and hidden_lots > lots:
                icebergs.append((maker, hidden_lots - lots))
        icebergs.clear()
        return left

    def _meet_own(self, maker: Order) -> bool:
        """Self-trade prevention; True when it ends the walk. Liquidations leave own orders where they are."""
        if not self.terms.self_trade_prevention:
            return False
        if self.terms.self_trade_prevention != EXPIRE_TAKER:
            self.matches.append((maker, maker.open_lots, CANCEL_SELF_TRADE))
            if not maker.reduce_only and maker.order_id in self.position.account.orders:
                self.expired_lots += maker.open_lots
                self.expired_loss_units += maker.open_loss_units
        self.is_stopped = self.terms.self_trade_prevention != EXPIRE_MAKER
        return self.is_stopped

    def _take(self, maker: Order, left: int) -> int:
        """Fill against one maker; a reduce-only maker no further than its account's position reaches by then."""
        if maker.group_id and self._is_of_a_filled_group(maker):
            self.matches.append((maker, maker.open_lots, CANCEL_GROUP))
            return 0
        open_lots = maker.open_lots
        special = maker.special
        if special is not None and special.hidden_lots:
            open_lots -= special.hidden_lots
            if open_lots <= left:
                if self.icebergs is None:
                    self.icebergs = deque()
                self.icebergs.append((maker, special.hidden_lots))
        lots = open_lots if open_lots < left else left
        is_cut = False
        if maker.reduce_only:
            room = max(0, -maker.side * self._running_lots(maker.position))
            is_cut = room < open_lots and room <= lots
            lots = min(lots, room)
        if lots:
            self._fill(maker, lots)
        if is_cut:
            self.matches.append((maker, open_lots - lots, CANCEL_REDUCE_ONLY))
        return lots

    def _is_of_a_filled_group(self, maker: Order) -> bool:
        """Whether this walk has filled another of its group, of which one cancels the other."""
        return self.groups is not None and self.groups.get(maker.group_id, maker.order_id) != maker.order_id

    def _fill(self, maker: Order, lots: int) -> None:
        if maker.group_id:
            if self.groups is None:
                self.groups = {}
            self.groups[maker.group_id] = maker.order_id
        self.matches.append((maker, lots, TRADE))
        self.filled_lots += lots
        self.filled_value_units += lots * maker.price_ticks * self.position.instrument.value_units

    def _running_lots(self, position: Position) -> int:
        """A maker's position after its fills so far in this walk."""
        lots = position.lots
        for maker, filled, kind in self.matches:
            if kind == TRADE and maker.position is position:
                lots += maker.side * filled
        return lots

    def _limits_and_margin(self) -> str:
        """9f, 9g: position limit and margin, after the fills and with the rest resting."""
        position, side = self.position, self.side
        instrument = position.instrument
        lot_value_units = instrument.lot_value_units
        lots = position.lots + side * self.filled_lots
        buy, sell, loss = position.buy_lots, position.sell_lots, position.open_loss_units
        if self.expired_lots or self.replaced is not None:
            buy, sell, loss = self._other_open_orders()
        resting_lots = self.resting_lots
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
        # The larger of |lots + buy| and |lots - sell|, which needs no abs() as buy and sell are never negative.
        largest = lots + buy if lots + buy > sell - lots else sell - lots
        if largest * lot_value_units > instrument.position_limit_units and largest > max(
            abs(position.lots + position.buy_lots), abs(position.lots - position.sell_lots)
        ):
            return "position_limit"
        equity, other_initial = equity_and_initial(position.account, position)
        if position.isolated_units is not None:
            return self._isolated_margin(equity, other_initial, buy, sell, loss)
        leverage = position.leverage or instrument.default_leverage
        required = initial_margin_units(instrument, lots, buy, sell, loss, leverage)
        equity_after = equity
        if self.filled_lots:
            gain = side * (lot_value_units * self.filled_lots - self.filled_value_units)
            equity_after += gain - self._taker_fees_units()
            if equity_after < 0 and equity_after < equity:
                return "insufficient_margin"
        lacking = other_initial + required - equity_after
        if lacking > 0 and lacking > other_initial + present_requirement(position) - equity:
            return "insufficient_margin"
        return ""

    def _isolated_margin(self, equity: int, other_initial: int, buy: int, sell: int, loss: int) -> str:
        """9g where the position has margin of its own, which grows and shrinks with it."""
        position = self.position
        lots, entry_value_units, equity_after = position.lots, position.entry_value_units, equity
        if self.filled_lots:
            value_units = position.instrument.value_units
            for maker, filled, kind in self.matches:
                if kind == TRADE:
                    lots, entry_value_units, realised = fill_position(
                        lots, entry_value_units, self.side, filled, maker.price_ticks * value_units
                    )
                    equity_after += realised
            held_units = (position.isolated_units or 0) - position.owed_funding_units()
            equity_after -= self._taker_fees_units()
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

    def _taker_fees_units(self) -> int:
        instrument = self.position.instrument
        rate_ppb, value_units = instrument.taker_fee_ppb, instrument.value_units
        fees_units = 0
        for maker, lots, kind in self.matches:
            if kind == TRADE:
                fees_units += ceil_ppb(lots * maker.price_ticks * value_units, rate_ppb)
        return fees_units

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
