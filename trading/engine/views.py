"""What the engine shows of itself: orders after a record, accounts with their margins."""

from __future__ import annotations

import msgspec

from risk.core.liquidation import bankruptcy_price_ticks, liquidation_price_ticks
from trading.core.accounts import Account
from trading.core.orders import NOT_SPECIAL, Order
from trading.core.positions import Position
from trading.core.terms import (
    CANCEL_REDUCE_ONLY,
    ORDER_CANCELLED,
    ORDER_FILLED,
    ORDER_NEW,
    ORDER_PARTIALLY_FILLED,
    ORDER_REJECTED,
    ORDER_UNTRIGGERED,
    TRAILING_STOP,
)
from trading.engine.events import AnyEvent, OrderCancelled, OrderPlaced, OrderRejected, OrderTriggered
from trading.engine.replies import AccountView, OrderView, PositionView
from trading.engine.requirements import equity_and_initial, leverage_of, present_requirement
from trading.engine.scopes import CROSS, held_by_scope, margin_of
from trading.engine.state import State


def order_view(state: State, order: Order, events: list[AnyEvent]) -> OrderView:
    """The order as it stands; `events` of its record tell why it closed."""
    position, open_lots, filled_lots = order.position, order.open_lots, order.filled_lots
    if open_lots and not order.is_untriggered:
        status, cancel_reason, reject_code = ORDER_PARTIALLY_FILLED if filled_lots else ORDER_NEW, 0, ""
    else:
        status, cancel_reason, reject_code = _standing(order, events)
    view = OrderView(
        order.order_id,
        position.account.account_id,
        position.instrument.instrument_id,
        order.client_order_id,
        order.side,
        order.order_type,
        order.quantity_lots,
        order.price_ticks,
        order.time_in_force,
        order.self_trade_prevention,
        order.post_only,
        order.reduce_only,
        0,
        0,
        status,
        cancel_reason,
        reject_code,
        filled_lots,
        order.filled_value_units,
        order.quantity_lots - filled_lots - open_lots,
        order.created_at_ns,
        state.time_ns,
        order.sequence,
    )
    if order.special is None and not order.expires_at_ns and not order.group_id:
        return view
    return _with_more(view, order)


def _with_more(view: OrderView, order: Order) -> OrderView:
    """With what ordinary limit and market orders do without."""
    special = order.special or NOT_SPECIAL
    return msgspec.structs.replace(
        view,
        # No reader knows where the trigger of a trailing stop has run to.
        trigger_price_ticks=0 if order.order_type == TRAILING_STOP else special.trigger_price_ticks,
        trigger_by=special.trigger_by,
        expires_at_ns=order.expires_at_ns,
        trailing_distance_ticks=special.trailing_distance_ticks,
        trailing_rate_ppb=special.trailing_rate_ppb,
        activation_price_ticks=special.activation_price_ticks,
        display_lots=special.display_lots,
        parent_order_id=special.parent_order_id,
        group_id=order.group_id,
        is_quote=special.is_quote,
    )


def _standing(order: Order, events: list[AnyEvent]) -> tuple[int, int, str]:
    """(status, cancel reason, reject code) of an order not in the book; 0 and "" where there is none."""
    if order.is_untriggered:
        return ORDER_UNTRIGGERED, 0, ""
    last = events[-1] if events else None
    if type(last) is OrderCancelled and last.order_id == order.order_id:
        return ORDER_CANCELLED, last.reason, ""
    if order.filled_lots == order.quantity_lots:
        return ORDER_FILLED, 0, ""
    reason, code = _closing_reason(order.order_id, events)
    return (ORDER_REJECTED, 0, code) if code else (ORDER_CANCELLED, reason, "")


def _closing_reason(order_id: int, events: list[AnyEvent]) -> tuple[int, str]:
    """(cancel reason, reject code) that the events of one record state for an order; 0 and "" when none."""
    reason, code = 0, ""
    for event in events:
        if type(event) is OrderPlaced or type(event) is OrderTriggered:
            if event.cut_lots and event.order_id == order_id:
                reason = CANCEL_REDUCE_ONLY
        elif type(event) is OrderCancelled:
            if event.order_id == order_id:
                reason = event.reason
        elif type(event) is OrderRejected and event.order_id == order_id:
            code = event.code
    return reason, code


def account_view(state: State, account: Account, command_id: bytes) -> AccountView:
    """Equity, margins and positions at the present marks."""
    equity, initial = equity_and_initial(account)
    shown = [position for _, position in sorted(account.positions.items()) if is_worth_showing(position)]
    scopes = {scope: (held, *margin_of(account, scope, held)) for scope, held in held_by_scope(account).items()}
    cross_maintenance = sum(scopes[CROSS][2]) if CROSS in scopes else 0
    return AccountView(
        command_id,
        state.sequence,
        state.time_ns,
        account.account_id,
        account.state,
        account.collateral(),
        equity,
        initial,
        cross_maintenance,
        [_position_view(position, scopes) for position in shown],
        account.isolated_units(),
        sorted(account.liquidations or ()),
    )


def is_worth_showing(position: Position) -> bool:
    """Whether the account holds lots, open orders or a leverage of its own here."""
    return bool(position.lots or position.open_orders or position.leverage)


def _position_view(position: Position, scopes: dict[int, tuple[list[Position], int, list[int]]]) -> PositionView:
    """`scopes`: held positions, equity and their maintenance margins."""
    instrument = position.instrument
    isolated_units = position.isolated_units
    pnl_units = position.pnl_at(instrument.lot_value_units)
    liquidation_price = bankruptcy_price = maintenance = 0
    if position.lots:
        held, equity, maintenances = scopes[CROSS if isolated_units is None else instrument.instrument_id]
        maintenance = maintenances[held.index(position)]
        liquidation_price = liquidation_price_ticks(
            lots=position.lots,
            entry_value_units=position.entry_value_units,
            value_units=instrument.value_units,
            brackets=instrument.brackets,
            other_equity_units=equity - pnl_units,
            other_maintenance_units=sum(maintenances) - maintenance,
        )
        bankruptcy_price = bankruptcy_price_ticks(
            lots=position.lots,
            mark_price_ticks=instrument.mark_price_ticks,
            value_units=instrument.value_units,
            equity_units=equity,
            maintenance_units=maintenance,
            all_maintenance_units=sum(maintenances),
        )
    return PositionView(
        instrument.instrument_id,
        position.lots,
        position.entry_value_units,
        instrument.mark_price_ticks,
        pnl_units,
        position.buy_lots,
        position.sell_lots,
        position.open_loss_units,
        present_requirement(position),
        maintenance,
        liquidation_price,
        bankruptcy_price,
        leverage_of(position),
        isolated_units is not None,
        isolated_units or 0,
        position.owed_funding_units(),
    )
