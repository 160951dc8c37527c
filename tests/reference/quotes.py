"""Mass quotes, and what protects those who give them."""

from tests.reference import checks, money
from tests.reference.cancels import wholly_cancelled
from tests.reference.exchange import required_instrument
from tests.reference.matching import (
    Execution,
    check_band,
    check_margin,
    check_position_limit,
    crosses,
    opposite_orders,
    require,
)
from tests.reference.orders import amended_in_place, placed
from tests.reference.world import DAY_NS, Account, Instrument, Order, World
from trading.core import terms
from trading.engine import commands, events
from trading.engine.commands import Quote
from trading.engine.events import AnyEvent

MOST_QUOTES = 40


def mass_quote(world: World, command: commands.MassQuote) -> list[AnyEvent]:
    account = world.account(command.account_id)
    require(account is not None, "account_not_found")
    instrument = required_instrument(world, command.instrument_id)
    quotes = command.quotes
    check_shape(quotes)
    for quote in quotes:
        checks.check_quantity(instrument, quote.quantity_lots)
        checks.check_price(instrument, quote.price_ticks)
    check_allowed(world, account, instrument, any_given=bool(quotes))
    present = world.quotes_of(account.account_id, instrument.instrument_id)
    count = len(world.orders_of(account.account_id, instrument.instrument_id)) - len(present) + len(quotes)
    require(not quotes or count <= checks.open_orders_limit(account, instrument), "too_many_open_orders")
    for quote in quotes:
        check_market(world, account, instrument, quote)
    return replaced(world, account, instrument, present, quotes)


def check_shape(quotes: tuple[Quote, ...]) -> None:
    bids = [one.price_ticks for one in quotes if one.side == terms.BUY]
    asks = [one.price_ticks for one in quotes if one.side == terms.SELL]
    right = [
        len(quotes) <= MOST_QUOTES,
        len(bids) + len(asks) == len(quotes),
        len(set(bids)) == len(bids),
        len(set(asks)) == len(asks),
        not bids or not asks or max(bids) < min(asks),
    ]
    require(all(right), "invalid_parameter")


def check_allowed(world: World, account: Account, instrument: Instrument, *, any_given: bool) -> None:
    if not any_given:
        require(account.state != terms.ACCOUNT_FROZEN, "account_restricted")
        require(instrument.state != terms.INSTRUMENT_HALTED, "instrument_halted")
        return
    require(account.state == terms.ACCOUNT_NORMAL, "account_restricted")
    require(not world.is_covered(account, instrument.instrument_id), "account_restricted")
    require(instrument.state not in checks.CLOSED_STATES and instrument.mark_price_ticks > 0, "instrument_halted")
    protection = world.protection(account.account_id, instrument.instrument_id)
    require(protection is None or not protection.is_frozen(world.time_ns), "quotes_frozen")


def check_market(world: World, account: Account, instrument: Instrument, quote: Quote) -> None:
    check_band(instrument, quote.price_ticks)
    value_units = instrument.value(quote.price_ticks, quote.quantity_lots)
    require(value_units >= instrument.parameters.minimum_notional_units, "notional_too_small")
    for maker in opposite_orders(world, instrument, quote.side):
        if not (maker.is_quote and maker.account_id == account.account_id):
            require(not crosses(quote.side, quote.price_ticks, maker.price_ticks), "would_take")


def replaced(
    world: World, account: Account, instrument: Instrument, present: list[Order], quotes: tuple[Quote, ...]
) -> list[AnyEvent]:
    """Rule 6, and the events: those that go, those that shrink, those that come."""
    kept = [(one, quote) for one in present for quote in quotes if keeps(one, quote)]
    gone = [one for one in present if all(one is not order for order, _ in kept)]
    fresh = [quote for quote in quotes if all(quote is not wanted for _, wanted in kept)]
    cancels = [wholly_cancelled(one, terms.CANCEL_REQUOTED) for one in gone]
    shrunk = [amended_in_place(one, quote.quantity_lots) for one, quote in kept if quote.quantity_lots < one.open_lots]
    placings = [quote_placed(world, account, instrument, quote, number) for number, quote in enumerate(fresh, 1)]
    untouched = [one for one in world.orders_of(account.account_id, instrument.instrument_id) if not one.is_quote]
    untouched += [one for one, quote in kept if quote.quantity_lots == one.open_lots]
    resting = money.resting_of(untouched)
    resting += [money.Resting(one.side, one.resting_lots, one.open_loss_units, False) for one in shrunk + placings]
    after = money.Holding(account.position(instrument.instrument_id), resting)
    check_position_limit(world, account, instrument, after)
    check_margin(world, account, instrument, resting)
    return [*cancels, *shrunk, *placings]


def keeps(order: Order, quote: Quote) -> bool:
    alike = (order.side, order.price_ticks) == (quote.side, quote.price_ticks)
    return alike and quote.quantity_lots <= order.open_lots


def quote_placed(
    world: World, account: Account, instrument: Instrument, quote: Quote, number: int
) -> events.OrderPlaced:
    content = commands.PlaceSpecialOrder(
        command_id=b"",
        valid_until_ns=0,
        account_id=account.account_id,
        instrument_id=instrument.instrument_id,
        client_order_id="",
        side=quote.side,
        order_type=terms.LIMIT,
        quantity_lots=quote.quantity_lots,
        price_ticks=quote.price_ticks,
        time_in_force=terms.GTC,
        self_trade_prevention=terms.EXPIRE_TAKER,
        post_only=True,
    )
    order = Order(
        order_id=world.identifier(world.last_number + number),
        content=content,
        quantity_lots=quote.quantity_lots,
        price_ticks=quote.price_ticks,
        untriggered=False,
        is_quote=True,
    )
    loss = money.open_loss(instrument, quote.side, quote.price_ticks, lots=quote.quantity_lots)
    return placed(order, Execution(quote.quantity_lots, 0, loss, []))


def set_protection(world: World, command: commands.SetMarketMakerProtection) -> list[AnyEvent]:
    require(world.customer(command.account_id) is not None, "account_not_found")
    required_instrument(world, command.instrument_id)
    limits = (command.quantity_lots, command.delta_lots)
    right = [
        min(command.window_ns, *limits, command.freeze_ns) >= 0,
        command.window_ns <= 60 * 10**9 and command.freeze_ns <= DAY_NS,
        any(limits) if command.window_ns else not any((*limits, command.freeze_ns)),
    ]
    require(all(right), "invalid_parameter")
    return [
        events.MarketMakerProtectionSet(
            account_id=command.account_id,
            instrument_id=command.instrument_id,
            window_ns=command.window_ns,
            quantity_lots=command.quantity_lots,
            delta_lots=command.delta_lots,
            freeze_ns=command.freeze_ns,
        )
    ]


def fire_protection(world: World, command: commands.FireMarketMakerProtection) -> list[AnyEvent]:
    protection = world.protection(command.account_id, command.instrument_id)
    if protection is None or not protection.is_watching(world.time_ns):
        return []
    until_ns = world.time_ns + protection.freeze_ns if protection.freeze_ns else 0
    quotes = world.quotes_of(command.account_id, command.instrument_id)
    return [
        events.MarketMakerProtectionFired(command.account_id, command.instrument_id, until_ns),
        *(wholly_cancelled(one, terms.CANCEL_MARKET_MAKER_PROTECTION) for one in quotes),
    ]
