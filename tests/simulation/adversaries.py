"""Those who are after the weak places of margin and liquidation, as a part of the stream of commands.

Each makes a plan: commands that come one after the other, each aimed only when its turn comes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.simulation import world
from tests.simulation.risk_commands import HIGHEST_LEVERAGE, SECOND_NS, move, sweep, withdraw_all
from trading.core import terms
from trading.engine import commands
from trading.engine.commands import ExternalCommand, PlaceOrder, PlaceSpecialOrder

if TYPE_CHECKING:
    from tests.simulation.commands import CommandStream


def _limit(
    stream: CommandStream,
    account_id: int,
    instrument_id: int,
    side: int,
    lots: int,
    percent: int,
    time_in_force: int,
    display_lots: int = 0,
) -> Callable[[], PlaceOrder]:
    """At so many percent above (below 0: below) what the mark is when its turn comes."""

    def placed() -> PlaceOrder:
        price_ticks = stream.view.instruments[instrument_id].mark_price_ticks * (100 + percent) // 100
        return PlaceSpecialOrder(
            command_id=b"",
            valid_until_ns=0,
            account_id=account_id,
            instrument_id=instrument_id,
            client_order_id="",
            side=side,
            order_type=terms.LIMIT,
            quantity_lots=lots,
            price_ticks=max(1, price_ticks),
            time_in_force=time_in_force,
            self_trade_prevention=terms.EXPIRE_MAKER,
            display_lots=display_lots,
        )

    return placed


def squeeze(stream: CommandStream) -> ExternalCommand:
    """Buys (or sells) a thin book empty and leaves far orders for those who are liquidated when the price follows."""
    account_id, instrument_id = stream.account(), stream.instrument()
    side, lots = stream.random.choice((1, -1)), stream.random.randint(20, 60)
    stream.plan += [
        _limit(stream, account_id, instrument_id, side, lots, 5 * side, terms.IOC),
        _limit(stream, account_id, instrument_id, -side, lots // 4, 4 * side, terms.GTC),
        move(stream, instrument_id, 2 * side),
        _limit(stream, account_id, instrument_id, -side, lots // 4, 3 * side, terms.GTC),
        move(stream, instrument_id, 3 * side),
        move(stream, instrument_id, -5 * side),
    ]
    return commands.CancelAllOrders(b"", 0, account_id)


def liquidate_oneself(stream: CommandStream) -> ExternalCommand:
    """Takes a large position against a friend at the highest leverage, takes out what is left, and waits to fall."""
    account_id, instrument_id = stream.random.choice(world.ACCOUNTS[:-1]), stream.random.choice((1, 2))
    friend_id, side = _neighbour(account_id), stream.random.choice((1, -1))
    lots = stream.random.randint(10, 60)
    isolated = commands.SetMarginMode(b"", 0, account_id, instrument_id, True)
    stream.plan += [
        *([lambda: isolated] if stream.random.random() < 0.5 else []),
        _limit(stream, friend_id, instrument_id, -side, lots, 0, terms.GTC),
        _limit(stream, account_id, instrument_id, side, lots, side, terms.IOC),
        withdraw_all(stream, account_id),
        move(stream, instrument_id, -stream.random.randint(1, 6) * side),
        lambda: commands.TransferCollateral(b"", 0, account_id, "USDT", 60_000, stream.count),
    ]
    return commands.SetLeverage(b"", 0, account_id, instrument_id, HIGHEST_LEVERAGE)


def manipulate_feed(stream: CommandStream) -> ExternalCommand:
    """A price that is wrong for a moment; or one that stops, while the market goes on."""
    instrument_id, percent = stream.instrument(), stream.random.choice((-9, -6, 6, 9))
    if stream.random.random() < 0.4:
        stream.clock_ns += 25 * SECOND_NS
        stream.plan += [lambda: commands.SweepLiquidations(b"", 0, -1, 99)]
        return sweep(stream)
    stream.plan += [move(stream, instrument_id, percent), move(stream, instrument_id, -percent)]
    return commands.UpdateMarkPrice(b"", 0, instrument_id, 0, 1)


def stand_far_away(stream: CommandStream) -> ExternalCommand:
    """Leaves orders in the book, one of them an iceberg, takes all that may go, and is met where the price has left."""
    account_id, instrument_id = stream.random.choice(world.ACCOUNTS[:-1]), stream.random.choice(world.INSTRUMENTS)
    side, lots = stream.random.choice((1, -1)), stream.random.randint(4, 20)
    stream.plan += [
        *_geared(stream, account_id, instrument_id),
        _limit(stream, account_id, instrument_id, side, lots, side, terms.GTC, display_lots=max(1, lots // 3)),
        _limit(stream, account_id, instrument_id, side, lots, 0, terms.GTC),
        withdraw_all(stream, account_id),
        move(stream, instrument_id, -stream.random.randint(2, 8) * side),
        _limit(stream, _neighbour(account_id), instrument_id, -side, 2 * lots, -side, terms.IOC),
    ]
    return commands.CancelAllOrders(b"", 0, account_id)


def fall_elsewhere(stream: CommandStream) -> ExternalCommand:
    """One is long in two instruments, another short in the second, both with no more than they must have; then the
    first falls alone (or the other way round): what is lost there is more than the other can bear."""
    account_id, side = stream.random.choice(world.ACCOUNTS[:-1]), stream.random.choice((1, -1))
    friend_id, other_id = _neighbour(account_id), _neighbour(_neighbour(account_id))
    (first, second), lots = _two_instruments(stream), stream.random.randint(4, 12)
    stream.plan += [
        *_geared(stream, other_id, second),
        lambda: commands.SetMarginMode(b"", 0, account_id, second, False),
        _leverage(account_id, second),
        _leverage(account_id, first),
        _limit(stream, other_id, second, -side, lots, 0, terms.GTC),
        _limit(stream, account_id, second, side, lots, side, terms.IOC),
        _limit(stream, friend_id, first, -side, lots, 0, terms.GTC),
        _limit(stream, account_id, first, side, lots, side, terms.IOC),
        *([withdraw_all(stream, terms.INSURANCE_FUND)] if stream.random.random() < 0.15 else []),
        withdraw_all(stream, other_id),
        withdraw_all(stream, account_id),
        move(stream, first, -stream.random.randint(5, 9) * side),
    ]
    return commands.CancelAllOrders(b"", 0, other_id)


def lose_in_a_halt(stream: CommandStream) -> ExternalCommand:
    """One is long in the second instrument, isolated; another short there, and long in the first, where nobody is
    liquidated while it falls: the other has nothing to give when the second falls, too (or the other way round)."""
    account_id, side = stream.random.choice(world.ACCOUNTS[:-1]), stream.random.choice((1, -1))
    friend_id, other_id = _neighbour(account_id), _neighbour(_neighbour(account_id))
    (first, second), lots = _two_instruments(stream), stream.random.randint(1, 4)
    halted, normal = (
        commands.SetInstrumentState(b"", 0, first, state)
        for state in (terms.INSTRUMENT_POST_ONLY, terms.INSTRUMENT_NORMAL)
    )
    stream.plan += [
        lambda: commands.SetMarginMode(b"", 0, account_id, second, True),
        _leverage(account_id, second),
        _leverage(other_id, first),
        _limit(stream, friend_id, first, -side, 3 * lots, 0, terms.GTC),
        _limit(stream, other_id, first, side, 3 * lots, side, terms.IOC),
        _limit(stream, other_id, second, -side, lots, 0, terms.GTC),
        _limit(stream, account_id, second, side, lots, side, terms.IOC),
        withdraw_all(stream, other_id),
        lambda: halted,
        move(stream, first, -stream.random.randint(5, 9) * side),
        move(stream, second, -stream.random.randint(3, 6) * side),
        lambda: normal,
    ]
    return commands.CancelAllOrders(b"", 0, other_id)


def _two_instruments(stream: CommandStream) -> list[int]:
    """Quiet ones, but that the first may be one where everybody trades."""
    first, second = stream.random.sample(world.QUIET, 2)
    return [first if stream.random.random() < 0.7 else 1, second]


def _neighbour(account_id: int) -> int:
    return account_id % len(world.ACCOUNTS) + 1


def _geared(stream: CommandStream, account_id: int, instrument_id: int) -> list[Callable[[], ExternalCommand]]:
    """At the highest leverage, isolated or as it is."""
    isolated = commands.SetMarginMode(b"", 0, account_id, instrument_id, True)
    return [*([lambda: isolated] if stream.random.random() < 0.5 else []), _leverage(account_id, instrument_id)]


def _leverage(account_id: int, instrument_id: int) -> Callable[[], ExternalCommand]:
    return lambda: commands.SetLeverage(b"", 0, account_id, instrument_id, HIGHEST_LEVERAGE)
