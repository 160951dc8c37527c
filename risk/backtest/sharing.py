"""Deleveraging by rank beside deleveraging pro rata, on seeded winners with a recorded day's deficits and capacities.

Of each coin the recording has only two sums: what bankrupt positions were short of (deficit) and what the winners had
gained (capacity), both over all shocks of the day. Here seeded winners share the capacity, a part of their lots is
closed at the bankruptcy price, and that is as far from the mark as the deficit needs. Neither way takes more from a
winner than its equity: what is left of the deficit then, nobody bears. One lot is worth one USDT.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from math import ceil, exp, log
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from risk.backtest.bars import BarsError
from risk.backtest.population import PROFILES, SIZE_EXPONENT
from risk.backtest.scenario import UNITS
from risk.core.deleveraging import (
    RankedPosition,
    deleverage_pro_rata,
    in_queue_order,
    rank_scaled,
)

LOT_VALUE_UNITS: Final = UNITS
NEEDED: Final = ("coin", "deficit_usd", "total_capacity_usd")


class SharingRules(NamedTuple):
    """`closed_share` of the winners' lots is closed. A winner for each `capacity_a_winner_units`, within the bounds;
    winners' gains are between `least_gain` and `most_gain` of their entry value, evenly on a logarithmic scale."""

    profile: str
    closed_share: float
    capacity_a_winner_units: int
    fewest_winners: int
    most_winners: int
    least_gain: float
    most_gain: float


class CoinSums(NamedTuple):
    coin: str
    deficit_units: int
    capacity_units: int


class Winner(NamedTuple):
    """A short position: entry value, gain and equity in ledger units at the mark."""

    account_id: int
    lots: int
    entry_units: int
    gain_units: int
    equity_units: int


class Close(NamedTuple):
    """Lots of a winner that are closed, and what it gives up by that."""

    winner: Winner
    lots: int
    loss_units: int


class Outcome(NamedTuple):
    """What one way of sharing did to the winners of one coin, in ledger units.

    `beyond_gain_units`: what winners lost on top of all they had gained; `unborne_units`: what nobody could give up;
    `worst_permille`: the greatest part of its gain that a winner lost, in thousandths, at most 1000;
    `levered_lots`: lots closed of winners who hold ten times their equity or more.
    """

    accounts: int
    given_up_units: int
    beyond_gain_units: int
    unborne_units: int
    emptied: int
    worst_permille: int
    levered_lots: int
    half_borne_by: int


class Compared(NamedTuple):
    """One coin: the lots closed, the loss of each, and both ways."""

    sums: CoinSums
    winners: int
    lots: int
    loss_a_lot_units: int
    by_rank: Outcome
    pro_rata: Outcome


def read_sums(path: Path) -> list[CoinSums]:
    """The coins with a deficit, in the order of the file. Raises BarsError for a file that cannot be used."""
    sums: dict[str, CoinSums] = {}
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                coin, deficit, capacity = (row[name] for name in NEEDED)
                before = sums.get(coin, CoinSums(coin, 0, 0))
                sums[coin] = CoinSums(
                    coin, before.deficit_units + _units(deficit), before.capacity_units + _units(capacity)
                )
    except (OSError, EOFError, KeyError, TypeError, ValueError, InvalidOperation) as reason:
        raise BarsError(f"{path} cannot be used: {type(reason).__name__} {reason}.") from None
    return [one for one in sums.values() if one.deficit_units > 0 and one.capacity_units > 0]


def compare(sums: CoinSums, rules: SharingRules, rng: Random) -> Compared:
    """Both ways on the same winners. What is to be given up is the deficit, rounded up to a lot's loss."""
    winners = draw_winners(sums, rules, rng)
    held = sum(winner.lots for winner in winners)
    wanted = max(ceil(held * rules.closed_share), 1)
    loss_a_lot = -(-sums.deficit_units // wanted)
    lots = -(-sums.deficit_units // loss_a_lot)
    outcomes = [_outcome(way(winners, lots, loss_a_lot), lots * loss_a_lot) for way in (close_by_rank, close_pro_rata)]
    return Compared(sums, len(winners), lots, loss_a_lot, *outcomes)


def close_by_rank(winners: Sequence[Winner], lots: int, loss_a_lot_units: int) -> list[Close]:
    """As the engine: first those who can bear a lot's loss, as far as they can; then, at prices of their own, all."""
    by_account = {winner.account_id: winner for winner in winners}
    queue = [by_account[position.account_id] for position in in_queue_order([_ranked(winner) for winner in winners])]
    closes: dict[int, Close] = {}
    left = lots
    for winner in queue:
        closed = min(left, winner.lots, winner.equity_units // loss_a_lot_units)
        closes[winner.account_id] = Close(winner, closed, closed * loss_a_lot_units)
        left -= closed
    for winner in queue:
        _, before, loss_units = closes[winner.account_id]
        closed = min(left, winner.lots - before)
        if closed > 0:
            own_loss = (winner.equity_units - loss_units) // closed
            closes[winner.account_id] = Close(winner, before + closed, loss_units + own_loss * closed)
            left -= closed
    return [close for close in closes.values() if close.lots]


def close_pro_rata(winners: Sequence[Winner], lots: int, loss_a_lot_units: int) -> list[Close]:
    """The same part of all; who cannot bear its part gives up its equity."""
    by_account = {winner.account_id: winner for winner in winners}
    shares = deleverage_pro_rata([_ranked(winner) for winner in winners], lots)
    return [
        Close(winner, closed, min(closed * loss_a_lot_units, winner.equity_units))
        for winner, closed in ((by_account[account_id], closed) for account_id, closed in shares)
    ]


def draw_winners(sums: CoinSums, rules: SharingRules, rng: Random) -> list[Winner]:
    """Winners whose gains sum to the capacity, to the unit."""
    count = sums.capacity_units // rules.capacity_a_winner_units
    count = min(max(count, rules.fewest_winners), rules.most_winners)
    weights = [rng.paretovariate(SIZE_EXPONENT) for _ in range(count)]
    scale = sums.capacity_units / sum(weights)
    gains = [int(weight * scale) for weight in weights]
    gains[0] += sums.capacity_units - sum(gains)
    return [_winner(account_id, gain, rules, rng) for account_id, gain in enumerate(gains, 1)]


def totals(compared: Sequence[Compared], way: Callable[[Compared], Outcome]) -> Outcome:
    """The outcomes of one way over all coins: sums, and of `worst_permille` the mean."""
    columns = list(zip(*(way(one) for one in compared), strict=True))
    added = Outcome(*(sum(column) for column in columns))
    return added._replace(worst_permille=added.worst_permille // max(len(compared), 1))


def _winner(account_id: int, gain_units: int, rules: SharingRules, rng: Random) -> Winner:
    """Entry and size from a drawn gain and leverage; a short gains the difference of entry value and value at mark."""
    moved = exp(log(rules.least_gain) + rng.random() * log(rules.most_gain / rules.least_gain))
    lots = max(int(gain_units / moved / LOT_VALUE_UNITS), 1)
    classes = PROFILES[rules.profile]
    cls = rng.choices(classes, [one.trader_share for one in classes])[0]
    leverage = exp(log(cls.low) + rng.random() * log(cls.high / cls.low))
    value_units = lots * LOT_VALUE_UNITS
    return Winner(account_id, lots, value_units + gain_units, gain_units, int(value_units / leverage) + gain_units)


def _ranked(winner: Winner) -> RankedPosition:
    rank = rank_scaled(
        lots=-winner.lots,
        entry_value_units=-winner.entry_units,
        equity_units=winner.equity_units,
        lot_value_units=LOT_VALUE_UNITS,
    )
    return RankedPosition(winner.account_id, winner.lots, rank)


def _outcome(closes: Sequence[Close], wanted_units: int) -> Outcome:
    ranked = sorted((close.loss_units for close in closes), reverse=True)
    total = sum(ranked)
    borne = half_borne_by = 0
    for loss in ranked:
        if 2 * borne >= total:
            break
        borne += loss
        half_borne_by += 1
    return Outcome(
        accounts=len(closes),
        given_up_units=total,
        beyond_gain_units=sum(max(close.loss_units - close.winner.gain_units, 0) for close in closes),
        unborne_units=wanted_units - total,
        emptied=sum(close.lots == close.winner.lots for close in closes),
        worst_permille=max(min(close.loss_units * 1000 // max(close.winner.gain_units, 1), 1000) for close in closes),
        levered_lots=sum(close.lots for close in closes if _is_highly_levered(close.winner)),
        half_borne_by=half_borne_by,
    )


def _is_highly_levered(winner: Winner) -> bool:
    return winner.lots * LOT_VALUE_UNITS >= 10 * winner.equity_units


def _units(text: str) -> int:
    return int((Decimal(text) * UNITS).to_integral_value())
