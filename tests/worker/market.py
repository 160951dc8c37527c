"""A small market: one perpetual, Alice (account 1) and Bob (account 2), each with 100,000 USDT."""

from trading.core.instruments import Bracket, InstrumentParameters, InstrumentTerms
from trading.core.terms import BUY, EXPIRE_TAKER, GTC, LIMIT
from trading.engine.commands import (
    ListInstrument,
    OpenAccount,
    PlaceOrder,
    SetAccountLimits,
    TransferCollateral,
    UpdateMarkPrice,
)
from trading.services.gateway import deadline_ns, new_command_id, submit_many

ALICE, BOB = 1, 2
BTC_PERP = 1
MARK_TICKS = 600_000
TERMS = InstrumentTerms(BTC_PERP, "BTC-PERP", "perpetual", "BTC", "USDT", "0.1", "0.001", "1", 100)
PARAMETERS = InstrumentParameters(
    version=1,
    maker_fee_ppb=200_000,
    taker_fee_ppb=500_000,
    price_band_ppb=50_000_000,
    protection_ppb=20_000_000,
    minimum_notional_units=5_000_000,
    maximum_price_ticks=100_000_000,
    maximum_order_lots=100_000,
    position_limit_units=20_000_000_000_000,
    maximum_open_orders=200,
    default_leverage=10,
    brackets=(Bracket(0, 10_000_000, 0, 5_000_000, 0),),
)


def opening_commands() -> list:
    commands = [ListInstrument(new_command_id(), deadline_ns(), TERMS, PARAMETERS)]
    commands.append(UpdateMarkPrice(new_command_id(), deadline_ns(), BTC_PERP, MARK_TICKS))
    for account_id in (ALICE, BOB):
        commands.append(OpenAccount(new_command_id(), deadline_ns(), account_id, account_id))
        commands.append(SetAccountLimits(new_command_id(), deadline_ns(), account_id, 1_000_000))
        amount_units = 100_000_000_000
        commands.append(
            TransferCollateral(new_command_id(), deadline_ns(), account_id, "USDT", amount_units, account_id)
        )
    return commands


def open_market() -> None:
    results = submit_many(opening_commands())
    assert not [result for result in results if isinstance(result, Exception)]


def limit_order(
    *,
    account_id: int = ALICE,
    side: int = BUY,
    price_ticks: int = MARK_TICKS - 100,
    quantity_lots: int = 1,
    client_order_id: str = "",
    command_id: bytes | None = None,
) -> PlaceOrder:
    return PlaceOrder(
        command_id or new_command_id(),
        deadline_ns(),
        account_id,
        BTC_PERP,
        client_order_id,
        side,
        LIMIT,
        quantity_lots,
        price_ticks,
        GTC,
        EXPIRE_TAKER,
    )
