"""What a new order must be like, and where it may go, before anything is computed."""

from tests.reference.following import ALL_SOURCES
from tests.reference.matching import require
from tests.reference.world import Account, Instrument, Order, World
from trading.core import terms
from trading.engine import commands

FIXED_TRIGGERS = (terms.STOP, terms.STOP_LIMIT, terms.TAKE_PROFIT, terms.TAKE_PROFIT_LIMIT)
TRIGGERED_TYPES = (*FIXED_TRIGGERS, terms.TRAILING_STOP)
PRICED_TYPES = (terms.LIMIT, terms.STOP_LIMIT, terms.TAKE_PROFIT_LIMIT)
RESTING_TIMES = (terms.GTC, terms.GTD)
MOTIONLESS = (terms.ACCOUNT_CANCEL_ONLY, terms.ACCOUNT_FROZEN)
CLOSED_STATES = (terms.INSTRUMENT_CANCEL_ONLY, terms.INSTRUMENT_HALTED)
MOST_ATTACHED = 2
MOST_SLICES = 100


def content_of(command: commands.PlaceOrder) -> tuple:
    return (
        command.instrument_id,
        command.side,
        command.order_type,
        command.quantity_lots,
        command.price_ticks,
        command.time_in_force,
        command.self_trade_prevention,
        command.post_only,
        command.reduce_only,
        command.trigger_price_ticks,
        command.trigger_by,
        command.expires_at_ns,
        command.trailing_distance_ticks,
        command.trailing_rate_ppb,
        command.activation_price_ticks,
        command.display_lots,
        command.group_id,
        command.attached,
    )


def check_shape(command: commands.PlaceOrder, time_ns: int) -> None:
    immediate = command.time_in_force in (terms.IOC, terms.FOK)
    right = [
        command.side in (terms.BUY, terms.SELL),
        command.order_type in (terms.MARKET, *PRICED_TYPES, *TRIGGERED_TYPES),
        command.time_in_force in (terms.IOC, terms.FOK, *RESTING_TIMES),
        command.self_trade_prevention in (terms.EXPIRE_MAKER, terms.EXPIRE_TAKER, terms.EXPIRE_BOTH),
        len(command.client_order_id) <= 36,
        immediate or command.order_type in PRICED_TYPES,
        not command.post_only or is_resting_limit(command),
        command.expires_at_ns > time_ns if command.time_in_force == terms.GTD else command.expires_at_ns == 0,
        *check_trigger(command),
        command.display_lots >= 0,
        command.display_lots == 0 or (is_resting_limit(command) and not command.reduce_only),
        *check_attached(command),
    ]
    require(all(right), "invalid_parameter")


def is_resting_limit(command: commands.PlaceOrder) -> bool:
    return command.order_type == terms.LIMIT and command.time_in_force in RESTING_TIMES


def check_trigger(given: commands.PlaceOrder | commands.AttachedOrder) -> list[bool]:
    triggered = given.order_type in TRIGGERED_TYPES
    trailing = [given.trailing_distance_ticks != 0, given.trailing_rate_ppb != 0]
    right = [
        (given.order_type in FIXED_TRIGGERS) == (given.trigger_price_ticks != 0),
        given.trigger_by in (ALL_SOURCES if triggered else (0,)),
    ]
    if given.order_type == terms.TRAILING_STOP:
        return [*right, sum(trailing) == 1, 0 <= given.trailing_rate_ppb <= 999_999_999]
    return [*right, not any(trailing), given.activation_price_ticks == 0]


def check_attached(command: commands.PlaceOrder) -> list[bool]:
    right = [
        len(command.attached) <= MOST_ATTACHED,
        not command.attached or (not command.reduce_only and command.group_id == 0),
    ]
    for one in command.attached:
        right += [one.order_type in TRIGGERED_TYPES, *check_trigger(one)]
    return right


def check_group(world: World, command: commands.PlaceOrder) -> None:
    if command.group_id == 0:
        return
    named = world.order(command.group_id)
    is_own = named is not None and named.account_id == command.account_id
    require(is_own and named.instrument_id == command.instrument_id, "order_not_found")
    is_free = not (named.filled_lots or named.parent_order_id or named.content.attached or named.is_quote)
    require(is_free and named.group_id in (0, named.order_id), "invalid_parameter")


def check_numbers(command: commands.PlaceOrder, instrument: Instrument) -> None:
    check_quantity(instrument, command.quantity_lots)
    if command.display_lots > 0:
        require(command.display_lots <= command.quantity_lots, "invalid_quantity")
        check_slices(command.display_lots, command.quantity_lots)
    check_prices(command, instrument)
    for one in command.attached:
        check_prices(one, instrument)


def check_quantity(instrument: Instrument, quantity_lots: int) -> None:
    require(1 <= quantity_lots <= instrument.parameters.maximum_order_lots, "invalid_quantity")


def check_slices(display_lots: int, quantity_lots: int) -> None:
    require(display_lots == 0 or quantity_lots <= MOST_SLICES * display_lots, "invalid_quantity")


def check_price(instrument: Instrument, price_ticks: int) -> None:
    require(1 <= price_ticks <= instrument.parameters.maximum_price_ticks, "invalid_price")


def check_prices(given: commands.PlaceOrder | commands.AttachedOrder, instrument: Instrument) -> None:
    highest = instrument.parameters.maximum_price_ticks
    if given.order_type in PRICED_TYPES:
        check_price(instrument, given.price_ticks)
    else:
        require(given.price_ticks == 0, "invalid_price")
    if given.order_type in FIXED_TRIGGERS:
        check_price(instrument, given.trigger_price_ticks)
    require(0 <= given.trailing_distance_ticks <= highest, "invalid_price")
    require(0 <= given.activation_price_ticks <= highest, "invalid_price")


def open_orders_limit(account: Account, instrument: Instrument) -> int:
    return account.maximum_open_orders or instrument.parameters.maximum_open_orders


def check_amendment(command: commands.AmendOrder, order: Order, instrument: Instrument) -> None:
    require(command.quantity_lots != 0 or command.price_ticks != 0, "invalid_parameter")
    require(0 <= command.quantity_lots <= instrument.parameters.maximum_order_lots, "invalid_quantity")
    require(command.quantity_lots == 0 or command.quantity_lots >= order.filled_lots, "invalid_quantity")
    check_slices(order.content.display_lots, command.quantity_lots)
    require(0 <= command.price_ticks <= instrument.parameters.maximum_price_ticks, "invalid_price")
    require(command.price_ticks == 0 or not order.is_market, "invalid_price")
