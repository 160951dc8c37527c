"""Examples the random commands found: a time that is no deadline, a preview that meets the account's own order."""

from tests.simulation.world import PARAMETERS, TERMS
from trading.core import terms
from trading.engine import commands
from trading.engine.engine import Engine

NOW_NS = 1_700_000_000 * 10**9


def order(account_id: int, side: int, quantity_lots: int, price_ticks: int) -> commands.PlaceOrder:
    return commands.PlaceOrder(
        command_id=b"",
        valid_until_ns=0,
        account_id=account_id,
        instrument_id=1,
        client_order_id="",
        side=side,
        order_type=terms.LIMIT,
        quantity_lots=quantity_lots,
        price_ticks=price_ticks,
        time_in_force=terms.GTC,
        self_trade_prevention=terms.EXPIRE_MAKER,
    )


def engine_with_alice() -> Engine:
    engine = Engine()
    for command in (
        commands.OpenAccount(b"", 0, 1, 1),
        commands.TransferCollateral(b"", 0, 1, "USDT", 6_000, 1),
        commands.ListInstrument(b"", 0, TERMS[1], PARAMETERS[1]),
        commands.UpdateMarkPrice(b"", 0, 1, 1000),
    ):
        engine.execute(command, NOW_NS)
    return engine


def test_a_negative_valid_until_is_no_deadline():
    records = Engine().execute(commands.OpenAccount(b"", -1, 1, 1), NOW_NS)
    assert [type(event).__name__ for event in records[0].events] == ["AccountOpened"]


def test_a_preview_releases_the_margin_of_own_orders_that_expire():
    engine = engine_with_alice()
    engine.execute(order(1, terms.BUY, 10, 1000), NOW_NS)
    crossing = order(1, terms.SELL, 16, 1000)
    preview = engine.answer(commands.PreviewOrders(b"", 0, 1, (crossing,))).orders[0]
    assert preview.code == "" and preview.resting_lots == 16
    assert [(one.buy_lots, one.sell_lots) for one in preview.account.positions] == [(0, 16)]
    again = engine.answer(commands.PreviewOrders(b"", 0, 1, (crossing, crossing))).orders
    assert [one.code for one in again] == ["", "insufficient_margin"]
