"""Orders of the exchange itself: limited, immediate, without a fee, for a position that is to be closed."""

import msgspec

from tests.reference import money, scopes
from tests.reference.matching import Execution, cancelled, rest_reason, trades, walk
from tests.reference.orders import placed
from tests.reference.settling import Books
from tests.reference.world import Account, Order, World
from trading.core import terms
from trading.engine import commands
from trading.engine.events import AnyEvent

PASSED_OVER = 0  # no prevention: own orders are left where they are


def immediate_order(books: Books, account: Account, *, side: int, lots: int, limit_ticks: int) -> list[AnyEvent]:
    """The order, its trades, the margin of makers and what is left of it; nothing when nothing fills."""
    world, instrument = books.world, books.instrument
    content = commands.PlaceSpecialOrder(
        command_id=b"",
        valid_until_ns=0,
        account_id=account.account_id,
        instrument_id=instrument.instrument_id,
        client_order_id="",
        side=side,
        order_type=terms.LIMIT,
        quantity_lots=lots,
        price_ticks=limit_ticks,
        time_in_force=terms.IOC,
        self_trade_prevention=PASSED_OVER,
        reduce_only=True,
    )
    order_id = world.identifier(world.last_number + 1)
    order = Order(order_id, content, quantity_lots=lots, price_ticks=limit_ticks, untriggered=False)
    walked = walk(world, instrument, order, limit_ticks=limit_ticks, lots=lots)
    if not walked.filled_lots:
        return []
    shown = msgspec.structs.replace(placed(order, Execution(0, 0, 0, [])), self_trade_prevention=terms.EXPIRE_MAKER)
    stated = [shown, *trades(books, order, walked, taker_fee_ppb=0)]
    stated += books.margins_of_makers(account)
    left = lots - walked.filled_lots
    if left:
        stated.append(cancelled(order, left, rest_reason(order, walked), price_ticks=limit_ticks, rested=False))
    return stated


def unwind_fund(world: World, command: commands.UnwindFund) -> list[AnyEvent]:
    instrument, fund = world.instrument(command.instrument_id), world.fund
    lots = fund.position(instrument.instrument_id).lots
    if lots == 0 or not instrument.is_ready(world.time_ns) or world.liquidation(fund.account_id, 0):
        return []
    equity_units = money.cross_equity(world.instruments, fund)
    price_ticks = scopes.bankruptcy_price_ticks(world, fund, 0, instrument, equity_units)
    limit_ticks = scopes.limit_price_ticks(instrument, lots=lots, bankruptcy_price_ticks=price_ticks)
    if limit_ticks == 0:
        return []
    return immediate_order(
        Books(world, instrument, first_number=world.last_number + 2),
        fund,
        side=-1 if lots > 0 else 1,
        lots=min(abs(lots), instrument.parameters.maximum_order_lots),
        limit_ticks=limit_ticks,
    )
