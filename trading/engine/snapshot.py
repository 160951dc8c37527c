"""The state as canonical bytes and back. Equal states give equal bytes, so their SHA-256 is the state hash."""

from __future__ import annotations

import hashlib
from collections import deque
from typing import Any, Final

import msgspec

from trading.core.accounts import Account
from trading.core.instruments import InstrumentParameters, InstrumentTerms
from trading.core.markets import Instrument
from trading.core.order_book import orders_of
from trading.core.orders import NOT_SPECIAL, Order, Special, special_of
from trading.core.positions import NO_SPECIAL_ORDERS, Position, SpecialOrders
from trading.core.protection import MarketMakerProtection
from trading.engine.commands import InternalCommand, SettleFunding, TriggerOrder, UnwindFund
from trading.engine.resting import watch
from trading.engine.state import CANCEL_AFTER_DUE, DOMAINS, ORDER_EXPIRES, PARAMETERS_DUE, RESUMPTION_DUE, State

SNAPSHOT_FORMAT: Final = 4

_ORDER_FIELDS: Final = (
    "client_order_id",
    "side",
    "order_type",
    "quantity_lots",
    "price_ticks",
    "time_in_force",
    "self_trade_prevention",
    "post_only",
    "reduce_only",
    "trigger_price_ticks",
    "trigger_by",
    "expires_at_ns",
    "open_lots",
    "open_loss_units",
    "filled_lots",
    "filled_value_units",
    "is_untriggered",
    "group_id",
    "created_at_ns",
    "sequence",
)
_KEPT_WITH_SPECIAL: Final = frozenset(  # of the order's
    ("trigger_price_ticks", "trigger_by", "expires_at_ns", "is_untriggered", "group_id")
)
_SPECIAL_FIELDS: Final = (
    "trailing_distance_ticks",
    "trailing_rate_ppb",
    "activation_price_ticks",
    "extreme_price_ticks",
    "display_lots",
    "hidden_lots",
    "parent_order_id",
    "is_asleep",
    "is_quote",
    "has_attached",
)
_POSITION_FIELDS: Final = (
    "lots",
    "entry_value_units",
    "buy_lots",
    "sell_lots",
    "open_loss_units",
    "leverage",
    "open_orders",
    "reduce_buy_lots",
    "reduce_sell_lots",
    "isolated_units",
)


_REDUCE_FIELDS: Final = frozenset(("reduce_buy_lots", "reduce_sell_lots"))  # of the position's special orders
_PROTECTION_FIELDS: Final = ("window_ns", "quantity_lots", "delta_lots", "freeze_ns")


def state_hash(state: State) -> bytes:
    """SHA-256 of the canonical dump."""
    return hashlib.sha256(dump(state)).digest()


def dump(state: State) -> bytes:
    """Canonical MessagePack of all that is state: maps sorted by key, book queues in their order."""
    return msgspec.msgpack.encode(
        [
            SNAPSHOT_FORMAT,
            state.domain,
            state.sequence,
            state.time_ns,
            state.ids_given(),
            sorted(state.fees_units.items()),
            sorted(state.transferred_units.items()),
            state.generation_started_ns,
            sorted(state.recent_command_ids.items()),
            sorted(state.previous_command_ids.items()),
            [list(state.urgent), list(state.pending)],
            [_dump_instrument(instrument) for _, instrument in sorted(state.instruments.items())],
            [_dump_account(account) for _, account in sorted(state.accounts.items())],
            [_dump_queues(instrument) for _, instrument in sorted(state.instruments.items())],
            state.exchange_state,
            sorted(state.funding_units.items()),
            sorted(state.waiting),
        ]
    )


def load(data: bytes) -> State:
    """The state of a dump; raises ValueError for another format."""
    parts: list[Any] = msgspec.msgpack.decode(data)
    if parts[0] != SNAPSHOT_FORMAT:
        raise ValueError(f"snapshot format {parts[0]} is not {SNAPSHOT_FORMAT}")
    state = State(parts[1])
    state.sequence, state.time_ns = parts[2], parts[3]
    state.last_id += parts[4] * DOMAINS
    state.fees_units = dict(parts[5])
    state.transferred_units = dict(parts[6])
    state.generation_started_ns = parts[7]
    state.recent_command_ids = dict(parts[8])
    state.previous_command_ids = dict(parts[9])
    state.exchange_state = parts[14]
    state.funding_units = dict(parts[15])
    state.waiting = {(account_id, scope) for account_id, scope in parts[16]}
    for instrument in parts[11]:
        _load_instrument(state, instrument)
    orders: dict[int, Order] = {}
    for account in parts[12]:
        _load_account(state, account, orders)
    for instrument_id, bids, asks in parts[13]:
        book = state.instruments[instrument_id].book
        for order_id in bids:
            book.bids.add(orders[order_id])
        for order_id in asks:
            book.asks.add(orders[order_id])
    state.urgent, state.pending = (
        deque(msgspec.convert(waiting, list[tuple[int, InternalCommand]])) for waiting in parts[10]
    )
    for _, command in state.pending:
        if isinstance(command, TriggerOrder) and command.order_id in state.untriggered:
            special_of(state.untriggered[command.order_id]).is_queued = True
        elif isinstance(command, UnwindFund):
            state.unwinding.add(command.instrument_id)
        elif isinstance(command, SettleFunding):
            state.settling.add(command.instrument_id)
    for account_id in state.accounts:
        state.liquidation_index.note(account_id)
    return state


def _dump_instrument(instrument: Instrument) -> list[Any]:
    return [
        instrument.terms,
        instrument.parameters,
        instrument.newest_version,
        sorted(instrument.scheduled.items()),
        instrument.own_state,
        instrument.mark_price_ticks,
        instrument.last_price_ticks,
        instrument.index_price_ticks,
        instrument.marked_at_ns,
        instrument.resume_at_ns,
        instrument.funded_until_ns,
        str(instrument.funding_index),  # may need more than 64 bits
        list(instrument.window.lows),
        list(instrument.window.highs),
    ]


def _load_instrument(state: State, parts: list[Any]) -> None:
    instrument = Instrument(msgspec.convert(parts[0], InstrumentTerms), msgspec.convert(parts[1], InstrumentParameters))
    instrument.newest_version = parts[2]
    for version, (due_ns, parameters) in parts[3]:
        instrument.scheduled[version] = (due_ns, msgspec.convert(parameters, InstrumentParameters))
        state.add_timer(due_ns, PARAMETERS_DUE, instrument.instrument_id, version)
    instrument.be_in(parts[4], state.exchange_state)
    instrument.mark(parts[5])
    instrument.last_price_ticks, instrument.index_price_ticks, instrument.marked_at_ns = parts[6:9]
    instrument.resume_at_ns, instrument.funded_until_ns, instrument.funding_index = *parts[9:11], int(parts[11])
    if instrument.resume_at_ns:
        state.add_timer(instrument.resume_at_ns, RESUMPTION_DUE, instrument.instrument_id, 0)
    instrument.window.lows.extend((time_ns, ticks) for time_ns, ticks in parts[12])
    instrument.window.highs.extend((time_ns, ticks) for time_ns, ticks in parts[13])
    instrument.set_band()
    state.instruments[instrument.instrument_id] = instrument


def _dump_account(account: Account) -> list[Any]:
    known = sorted((account.client_orders or {}).items())
    return [
        account.account_id,
        account.user_id,
        account.state,
        account.maximum_open_orders,
        account.cancel_after_ns,
        list(account.collateral().items()),
        [[name, f"{content:x}", order_id] for name, (content, order_id) in known],
        list((account.closed_client_orders or {}).items()),
        [_dump_position(instrument_id, position) for instrument_id, position in sorted(account.positions.items())],
        [_dump_order(order) for _, order in sorted(account.orders.items())],
        sorted((account.liquidations or {}).items()),
    ]


def _dump_position(instrument_id: int, position: Position) -> list[Any]:
    special = position.special or NO_SPECIAL_ORDERS
    plain = [getattr(special if name in _REDUCE_FIELDS else position, name) for name in _POSITION_FIELDS]
    owed_since = str(position.instrument.funding_index - position.funding_index) if position.lots else "0"
    return [
        instrument_id,
        *plain,
        owed_since,
        list(special.reduce_only),
        _dump_protection(special.protection),
    ]


def _dump_protection(protection: MarketMakerProtection | None) -> list[Any]:
    if protection is None:
        return []
    limits = [getattr(protection, name) for name in _PROTECTION_FIELDS]
    return [*limits, protection.is_fired, protection.frozen_until_ns, list(protection.fills)]


def _load_protection(parts: list[Any]) -> MarketMakerProtection | None:
    if not parts:
        return None
    *limits, is_fired, frozen_until_ns, fills = parts
    protection = MarketMakerProtection(*limits)
    if is_fired:
        protection.fire(frozen_until_ns)
    protection.load([(time_ns, lots) for time_ns, lots in fills])
    return protection


def _dump_order(order: Order) -> list[Any]:
    special = order.special or NOT_SPECIAL
    plain = [getattr(special if name in _KEPT_WITH_SPECIAL else order, name) for name in _ORDER_FIELDS]
    rare = [getattr(special, name) for name in _SPECIAL_FIELDS]
    return [order.order_id, order.position.instrument.instrument_id, *plain, rare if any(rare) else []]


def _dump_queues(instrument: Instrument) -> list[Any]:
    return [
        instrument.instrument_id,
        [order.order_id for level in instrument.book.bids.walk() for order in orders_of(level)],
        [order.order_id for level in instrument.book.asks.walk() for order in orders_of(level)],
    ]


def _load_account(state: State, parts: list[Any], orders: dict[int, Order]) -> None:
    account = Account(parts[0], parts[1])
    account.state, account.maximum_open_orders, account.cancel_after_ns = parts[2:5]
    if account.cancel_after_ns:
        state.add_timer(account.cancel_after_ns, CANCEL_AFTER_DUE, account.account_id, 0)
    for asset, units in parts[5]:
        account.credit(asset, units)
    account.client_orders = {name: (int(content, 16), order_id) for name, content, order_id in parts[6]} or None
    account.closed_client_orders = dict(parts[7]) or None
    account.liquidations = dict(parts[10]) or None
    reduce_only: list[tuple[Position, list[int]]] = []
    for fields in parts[8]:
        position = Position(account, state.instruments[fields[0]])
        special = SpecialOrders()
        for name, value in zip(_POSITION_FIELDS, fields[1:-3], strict=True):
            setattr(special if name in _REDUCE_FIELDS else position, name, value)
        special.protection = _load_protection(fields[-1])
        if fields[-2] or special.protection is not None:
            position.special = special
        position.funding_index = position.instrument.funding_index - int(fields[-3])
        account.positions[fields[0]] = position
        reduce_only.append((position, fields[-2]))
    if parts[9]:
        account.orders = {}
    for fields in parts[9]:
        order = _load_order(state, account, fields)
        orders[order.order_id] = account.orders[order.order_id] = order
    for position, order_ids in reduce_only:
        if order_ids:
            position.special_orders().reduce_only = {order_id: account.orders[order_id] for order_id in order_ids}
    state.accounts[account.account_id] = account


def _load_order(state: State, account: Account, fields: list[Any]) -> Order:
    order_id, instrument_id, *plain, rare = fields
    order, special = Order(), Special()
    order.order_id, order.position = order_id, account.positions[instrument_id]
    for name, value in zip(_ORDER_FIELDS, plain, strict=True):
        setattr(special if name in _KEPT_WITH_SPECIAL else order, name, value)
    for name, value in zip(_SPECIAL_FIELDS, rare, strict=bool(rare)):
        setattr(special, name, value)
    if not (rare or any(getattr(special, name) for name in _KEPT_WITH_SPECIAL)):
        order.special = None
        return order
    order.special = special
    if special.expires_at_ns:
        state.add_timer(special.expires_at_ns, ORDER_EXPIRES, order_id, account.account_id)
    if special.is_untriggered:
        state.untriggered[order_id] = order
        if not special.is_asleep:
            watch(order)
    elif special.is_quote:
        order.position.special_orders().quotes[order_id] = order
    return order
