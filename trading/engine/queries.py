"""Questions answered from memory: an account as it is, and what orders would make of it."""

from __future__ import annotations

from trading.core.accounts import Account
from trading.core.orders import Order
from trading.core.positions import Position
from trading.core.terms import SETTLEMENT_ASSET
from trading.engine.commands import (
    ChangeIsolatedMargin,
    DescribeAccount,
    PlaceOrder,
    PlaceSpecialOrder,
    PreviewOrders,
    Query,
    SetLeverage,
    SetMarginMode,
)
from trading.engine.decisions.accounts import set_leverage
from trading.engine.decisions.margin_modes import change_isolated_margin, set_margin_mode
from trading.engine.decisions.orders import place_order
from trading.engine.events import (
    AnyEvent,
    CommandRefused,
    LeverageChanged,
    OrderCancelled,
    OrderPlaced,
    OrderRepeated,
    TradeExecuted,
)
from trading.engine.replies import AccountView, ChangePreview, OrderPreview, OrdersPreview, QueryRefused
from trading.engine.resting import hold, hold_reduce_only
from trading.engine.risk_events import FundingSettled, IsolatedMarginChanged, MarginModeChanged
from trading.engine.state import State
from trading.engine.views import account_view


def answer(state: State, query: Query) -> AccountView | OrdersPreview | QueryRefused:
    """The answer to a query; the state is as before afterwards."""
    account = state.accounts.get(query.account_id)
    if account is None:
        return QueryRefused(query.command_id, state.sequence, state.time_ns, "account_not_found")
    if isinstance(query, DescribeAccount):
        return account_view(state, account, query.command_id)
    return _preview_orders(state, account, query)


def _preview_orders(state: State, account: Account, query: PreviewOrders) -> OrdersPreview:
    """Decide each change and order with the real rules for a copy of the account that the ones before have changed.

    The book itself is not consumed: each order meets the orders that rest now.
    """
    copied = _copy(account)
    state.accounts[account.account_id] = copied
    try:
        changes = [_preview_change(state, copied, change) for change in query.changes]
        previews = [_preview(state, copied, order) for order in query.orders]
    finally:
        state.accounts[account.account_id] = account
    return OrdersPreview(query.command_id, state.sequence, state.time_ns, previews, changes)


def _preview_change(
    state: State, account: Account, change: SetLeverage | SetMarginMode | ChangeIsolatedMargin
) -> ChangePreview:
    if change.account_id != account.account_id:
        return ChangePreview("account_not_found", account_view(state, account, b""))
    if isinstance(change, SetLeverage):
        (event,) = set_leverage(state, change)
    elif isinstance(change, SetMarginMode):
        (event,) = set_margin_mode(state, change)
    else:
        (event,) = change_isolated_margin(state, change)
    if isinstance(event, CommandRefused):
        return ChangePreview(event.code, account_view(state, account, b""))
    position = account.positions.get(change.instrument_id)
    if position is None:
        position = account.positions[change.instrument_id] = Position(account, state.instruments[change.instrument_id])
    if isinstance(event, LeverageChanged):
        position.leverage = event.leverage
    elif isinstance(event, MarginModeChanged):
        position.isolated_units = event.isolated_units if event.is_isolated else None
    elif isinstance(event, IsolatedMarginChanged):
        position.isolated_units = event.isolated_units
    position.margin_key = -1
    return ChangePreview("", account_view(state, account, b""))


def _preview(state: State, account: Account, order: PlaceOrder) -> OrderPreview:
    if order.account_id != account.account_id:
        return OrderPreview("account_not_found", 0, 0, 0, 0, account_view(state, account, b""))
    events = place_order(state, order, is_special=isinstance(order, PlaceSpecialOrder))
    first = events[0]
    code = ""
    if isinstance(first, CommandRefused):
        code = first.code
    elif isinstance(first, OrderRepeated):
        code = "duplicate_client_order_id"
    if code:
        return OrderPreview(code, 0, 0, 0, 0, account_view(state, account, b""))
    assert isinstance(first, OrderPlaced)
    trades = [event for event in events if isinstance(event, TradeExecuted)]
    value_units = state.instruments[order.instrument_id].value_units
    _take_own_side(state, account, first, events)
    return OrderPreview(
        "",
        sum(trade.quantity_lots for trade in trades),
        sum(trade.price_ticks * trade.quantity_lots * value_units for trade in trades),
        sum(trade.taker_fee_units for trade in trades),
        first.resting_lots,
        account_view(state, account, b""),
    )


def _take_own_side(state: State, account: Account, placed: OrderPlaced, events: list[AnyEvent]) -> None:
    """Fold only what happens to the previewing account: its position, collateral and open orders."""
    instrument = state.instruments[placed.instrument_id]
    position = account.positions.get(placed.instrument_id)
    if position is None:
        position = account.positions[placed.instrument_id] = Position(account, instrument)
    for event in events:
        if isinstance(event, TradeExecuted):
            if position.lots == 0:
                position.funding_index = instrument.funding_index
            position.lots = event.taker_position_lots
            position.entry_value_units = event.taker_entry_value_units
            gained = event.taker_realised_pnl_units - event.taker_fee_units
            account.credit(SETTLEMENT_ASSET, gained)
        elif isinstance(event, FundingSettled) and event.account_id == account.account_id:
            account.credit(SETTLEMENT_ASSET, -event.charge_units)
            position.funding_index = instrument.funding_index
            if position.isolated_units is not None:
                position.isolated_units -= event.charge_units
        elif isinstance(event, IsolatedMarginChanged) and event.account_id == account.account_id:
            position.isolated_units = event.isolated_units
        elif isinstance(event, OrderCancelled) and event.order_id in account.orders:
            _expire(position, account.orders.pop(event.order_id))
    position.open_orders += sum(isinstance(event, OrderPlaced) for event in events[1:])
    if placed.resting_lots:
        position.open_orders += 1
        if not placed.trigger_by and placed.reduce_only:
            hold_reduce_only(position, placed.side, placed.resting_lots)
        elif not placed.trigger_by:
            hold(position, placed.side, placed.resting_lots, placed.open_loss_units)
    position.margin_key = -1


def _expire(position: Position, order: Order) -> None:
    """One of the account's own orders falls to self-trade prevention."""
    position.open_orders -= 1
    if order.reduce_only:
        hold_reduce_only(position, order.side, -order.open_lots)
    else:
        hold(position, order.side, -order.open_lots, -order.open_loss_units)


def _copy(account: Account) -> Account:
    """The account with positions of its own; ids and each order are shared, for reading."""
    copied = Account(account.account_id, account.user_id)
    copied.state = account.state
    copied.maximum_open_orders = account.maximum_open_orders
    copied.collateral_units = account.collateral_units
    copied.other_collateral = account.other_collateral
    copied.orders = dict(account.orders)
    copied.client_orders = account.client_orders
    copied.closed_client_orders = account.closed_client_orders
    copied.liquidations = account.liquidations
    for instrument_id, position in account.positions.items():
        copied.positions[instrument_id] = position.mirror(copied)
    return copied
