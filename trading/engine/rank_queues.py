"""Who would be deleveraged next, by instrument and side (F17).

A cache beside the state, like the index of liquidations: all holders of a side are ranked when first somebody is
deleveraged at these prices, then only accounts touched since.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sortedcontainers import SortedList

from risk.core.deleveraging import rank_scaled
from trading.core.accounts import Account
from trading.core.positions import Position
from trading.core.terms import INSURANCE_FUND
from trading.engine.scopes import CROSS, held_in, margin_of

if TYPE_CHECKING:
    from trading.engine.state import State


class RankQueue:
    """One side of an instrument: `order` holds (-rank, account id), `ranks` the ranks by account id."""

    __slots__ = ("instrument_id", "order", "ranks", "side")

    def __init__(self, instrument_id: int, side: int) -> None:
        self.instrument_id = instrument_id
        self.side = side
        self.ranks: dict[int, int] = {}
        self.order = SortedList()

    def fill(self, accounts: dict[int, Account]) -> None:
        """Rank everybody."""
        for account in accounts.values():
            rank = self._rank(account)
            if rank is not None:
                self.ranks[account.account_id] = rank
        self.order = SortedList((-rank, account_id) for account_id, rank in self.ranks.items())

    def rank_again(self, account: Account) -> None:
        account_id, rank = account.account_id, self._rank(account)
        before = self.ranks.pop(account_id, None)
        if before is not None:
            self.order.remove((-before, account_id))
        if rank is not None:
            self.ranks[account_id] = rank
            self.order.add((-rank, account_id))

    def _rank(self, account: Account) -> int | None:
        position = account.positions.get(self.instrument_id)
        if position is None or position.lots * self.side <= 0 or account.account_id == INSURANCE_FUND:
            return None
        return rank_of(account, position)


class RankQueues:
    """The queues at the present prices. `margin_keys` and `touched`, the accounts touched since, tell which are."""

    __slots__ = ("by_side", "margin_keys", "touched")

    def __init__(self) -> None:
        self.by_side: dict[tuple[int, int], RankQueue] = {}
        self.margin_keys = 0
        self.touched: dict[int, bool] = {}

    def holders(self, state: State, instrument_id: int, side: int) -> Iterator[tuple[Position, int]]:
        """(position, rank) of all who hold this side (1 or -1), the next first; the fund after all others."""
        self._follow(state)
        queue = self.by_side.get((instrument_id, side))
        if queue is None:
            queue = self.by_side[instrument_id, side] = RankQueue(instrument_id, side)
            queue.fill(state.accounts)
        for opposite_rank, account_id in queue.order:
            yield state.accounts[account_id].positions[instrument_id], -opposite_rank
        fund = state.accounts[INSURANCE_FUND]
        position = fund.positions.get(instrument_id)
        if position is not None and position.lots * side > 0:
            yield position, rank_of(fund, position)

    def _follow(self, state: State) -> None:
        """Forget queues of other prices, rank anew in the others who was touched."""
        index = state.liquidation_index
        margin_keys = sum(instrument.margin_key for instrument in state.instruments.values())
        if margin_keys != self.margin_keys or index.noted is not self.touched:
            self.by_side.clear()
        for queue in self.by_side.values():
            for account_id in self.touched:
                queue.rank_again(state.accounts[account_id])
        self.margin_keys = margin_keys
        self.touched = index.start_anew()


def rank_of(account: Account, position: Position) -> int:
    """With the position's share of its scope's equity, by maintenance margin."""
    scope = CROSS if position.isolated_units is None else position.instrument.instrument_id
    held = held_in(account, scope)
    equity, maintenances = margin_of(account, scope, held)
    share_units = equity * maintenances[held.index(position)] // sum(maintenances)
    return rank_scaled(
        lots=position.lots,
        entry_value_units=position.entry_value_units,
        equity_units=share_units,
        lot_value_units=position.instrument.lot_value_units,
    )
