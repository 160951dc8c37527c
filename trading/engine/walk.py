"""An order walking the book: whom it would meet, decided without touching anything (docs/engine-rules.md, "Walk")."""

from __future__ import annotations

from collections import deque
from typing import Final, Protocol

from trading.core.order_book import Ladder
from trading.core.orders import NOT_SPECIAL, Order
from trading.core.positions import Position
from trading.core.terms import (
    CANCEL_GROUP,
    CANCEL_MARGIN,
    CANCEL_REDUCE_ONLY,
    CANCEL_SELF_TRADE,
    EXPIRE_MAKER,
    EXPIRE_TAKER,
    PPB,
)
from trading.engine.matches import TRADE
from trading.engine.requirements import cross_equity_units, isolated_equity_units

Match = tuple[Order, int, int, int]  # see `Walk`
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


class Walk:
    """How an incoming order of `lots` (of which `cut_lots` do not count) would meet the book.

    `matches` are (maker, lots, 0, taker's fee in units) for a trade and (maker, lots, cancel reason, 0) for a maker's
    cancel, in walk order. `is_cut_short`: it met more counterparts than one command may. `taker_fees_units` is the sum
    of those fees, at the taker's rate and each rounded up; a liquidation does not pay them. It, `filled_lots` and
    `filled_value_units` are whole only when the walk has ended.

    Set by `walk`: `groups` maps the groups of filled makers to these. `costs_units` is by account what its fills beyond
    the mark cost it. Of the level in hand, `beyond_mark_ticks` is what a maker loses a lot (below 0: gains), `icebergs`
    are those (maker, hidden lots) whose shown lots are used up.
    """

    __slots__ = (
        "beyond_mark_ticks",
        "costs_units",
        "cut_lots",
        "expired_loss_units",
        "expired_lots",
        "filled_lots",
        "filled_value_units",
        "groups",
        "icebergs",
        "is_cut_short",
        "is_stopped",
        "lots",
        "matches",
        "position",
        "price_ticks",
        "side",
        "taker_fees_units",
        "terms",
    )
    position: Position
    terms: OrderTerms
    side: int
    lots: int
    price_ticks: int
    cut_lots: int
    matches: list[Match]
    filled_lots: int
    filled_value_units: int
    taker_fees_units: int
    expired_lots: int
    expired_loss_units: int
    is_stopped: bool
    is_cut_short: bool
    groups: dict[int, int]
    costs_units: dict[int, int]
    beyond_mark_ticks: int
    icebergs: list[tuple[Order, int]]

    def walk(self, opposite: Ladder) -> None:
        """9d: collect counterparts, best price first and oldest first within, until the lots are used up."""
        self.groups = {}
        self.costs_units = {}
        self.icebergs = []
        left = self.lots - self.cut_lots
        filled_value_units = taker_fees_units = 0  # of ordinary fills; `_fill` sums up the others
        bound = -self.side * self.price_ticks
        instrument = self.position.instrument
        mark_key = opposite.side * instrument.mark_price_ticks
        user_id = self.position.account.user_id
        levels, matches = opposite.levels, self.matches
        for key in reversed(opposite.keys):
            if key < bound:
                break
            beyond_mark_ticks = self.beyond_mark_ticks = key - mark_key
            maker = levels[key].oldest
            while maker is not None:
                if len(matches) >= MOST_MATCHES:
                    self.is_cut_short = True
                    break
                if maker.position.account.user_id == user_id:
                    if self._meet_own(maker):
                        break
                elif maker.special is not None or maker.reduce_only:
                    left -= self._take(maker, left)
                else:  # what `_take` would say of nearly every maker
                    lots = maker.open_lots
                    if lots > left:
                        lots = left
                    if beyond_mark_ticks > 0 and not self._can_bear(maker, lots):
                        matches.append((maker, maker.open_lots, CANCEL_MARGIN, 0))
                    else:
                        left -= lots
                        value_units = lots * maker.price_ticks * instrument.value_units  # from here on as `_fill`
                        fee_units = -(-value_units * instrument.taker_fee_ppb // PPB)
                        matches.append((maker, lots, TRADE, fee_units))
                        filled_value_units += value_units
                        taker_fees_units += fee_units
                if left == 0:
                    break
                maker = maker.newer
            if maker is not None:  # who ended the walk
                break
            if self.icebergs:
                left = self._walk_icebergs(left)
                if left == 0 or self.is_cut_short:
                    break
        self.filled_lots = self.lots - self.cut_lots - left
        self.filled_value_units += filled_value_units
        self.taker_fees_units += taker_fees_units

    def _walk_icebergs(self, left: int) -> int:
        """Icebergs whose shown lots are used up come behind all others at their price, again and again."""
        icebergs = deque(self.icebergs)
        self.icebergs.clear()
        while icebergs and left:
            if len(self.matches) >= MOST_MATCHES:
                self.is_cut_short = True
                return left
            maker, hidden_lots = icebergs.popleft()
            special = maker.special or NOT_SPECIAL
            shown_lots = min(special.display_lots, hidden_lots)
            lots = min(shown_lots, left)
            if self.beyond_mark_ticks > 0 and not self._can_bear(maker, lots):
                self.matches.append((maker, hidden_lots, CANCEL_MARGIN, 0))
                continue
            self._fill(maker, lots)
            left -= lots
            if lots == shown_lots and hidden_lots > lots:
                icebergs.append((maker, hidden_lots - lots))
        return left

    def _meet_own(self, maker: Order) -> bool:
        """Self-trade prevention; True when it ends the walk. Liquidations leave own orders where they are."""
        if not self.terms.self_trade_prevention:
            return False
        if self.terms.self_trade_prevention != EXPIRE_TAKER:
            self.matches.append((maker, maker.open_lots, CANCEL_SELF_TRADE, 0))
            if not maker.reduce_only and maker.order_id in self.position.account.orders:
                self.expired_lots += maker.open_lots
                self.expired_loss_units += maker.open_loss_units
        self.is_stopped = self.terms.self_trade_prevention != EXPIRE_MAKER
        return self.is_stopped

    def _take(self, maker: Order, left: int) -> int:
        """Fill against one maker; a reduce-only maker no further than its account's position reaches by then."""
        open_lots = maker.open_lots
        special = maker.special
        if special is not None:
            if special.group_id and self._has_filled_another(special.group_id, maker):
                self.matches.append((maker, open_lots, CANCEL_GROUP, 0))
                return 0
            open_lots -= special.hidden_lots
        lots = open_lots if open_lots < left else left
        is_cut = False
        if maker.reduce_only:
            room = max(0, -maker.side * self._running_lots(maker.position))
            is_cut = room < open_lots and room <= lots
            lots = min(lots, room)
        if self.beyond_mark_ticks > 0 and lots and not self._can_bear(maker, lots):
            self.matches.append((maker, maker.open_lots, CANCEL_MARGIN, 0))
            return 0
        if special is not None and special.hidden_lots and open_lots <= left:
            self.icebergs.append((maker, special.hidden_lots))
        if lots:
            self._fill(maker, lots)
        if is_cut:
            self.matches.append((maker, open_lots - lots, CANCEL_REDUCE_ONLY, 0))
        return lots

    def _can_bear(self, maker: Order, lots: int) -> bool:
        """Whether a maker has what a fill this far beyond the mark would cost it, with its account's fills before."""
        position = maker.position
        instrument = position.instrument
        account = position.account
        cost_units = lots * self.beyond_mark_ticks * instrument.value_units
        cost_units += self.costs_units.get(account.account_id, 0)
        bearable_units = cross_equity_units(account)
        if position.isolated_units is not None:
            bearable_units = self._bearable_isolated_units(position, maker.side, lots, bearable_units)
        if cost_units > max(0, bearable_units):
            return False
        self.costs_units[account.account_id] = cost_units
        return True

    def _bearable_isolated_units(self, position: Position, side: int, lots: int, cross_units: int) -> int:
        """Cross equity bears with the position's own where it grows, with that of the closed part where it shrinks.

        Where it changes side all its own becomes cross equity first.
        """
        own_units = isolated_equity_units(position)
        held = abs(position.lots)
        if position.lots * side >= 0:
            return max(0, cross_units) + max(0, own_units)
        changed = abs(self._running_lots(position) + side * lots - position.lots)
        if changed > held:
            return cross_units + own_units
        return max(0, cross_units) + own_units * changed // held

    def _has_filled_another(self, group_id: int, maker: Order) -> bool:
        """Whether this walk has filled another of the group, of which one cancels the other."""
        return self.groups.get(group_id, maker.order_id) != maker.order_id

    def _fill(self, maker: Order, lots: int) -> None:
        if maker.special is not None and maker.special.group_id:
            self.groups[maker.special.group_id] = maker.order_id
        instrument = self.position.instrument
        value_units = lots * maker.price_ticks * instrument.value_units
        fee_units = -(-value_units * instrument.taker_fee_ppb // PPB)  # as `ceil_ppb`, here and where a trade is stated
        self.matches.append((maker, lots, TRADE, fee_units))
        self.filled_value_units += value_units
        self.taker_fees_units += fee_units

    def _running_lots(self, position: Position) -> int:
        """A maker's position after its fills so far in this walk."""
        lots = position.lots
        for maker, filled, kind, _ in self.matches:
            if kind == TRADE and maker.position is position:
                lots += maker.side * filled
        return lots
