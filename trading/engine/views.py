"""What the engine shows of itself: orders after a record, accounts with their margins."""

from __future__ import annotations

from typing import Any

from risk.core.liquidation import bankruptcy_price_ticks, liquidation_price_ticks
from trading.core.accounts import Account
from trading.core.orders import Order, Special
from trading.core.positions import Position
from trading.core.terms import TRAILING_STOP
from trading.engine.replies import AccountView, PositionView
from trading.engine.requirements import equity_and_initial, leverage_of, present_requirement
from trading.engine.scopes import CROSS, held_by_scope, margin_of
from trading.engine.state import State


def order_state(order: Order) -> tuple[Any, ...]:
    """The order as it stands: the first fields of `OrderState`, all if it has more than ordinary ones do."""
    state = (
        order.client_order_id,
        order.order_type,
        order.quantity_lots,
        order.time_in_force,
        order.self_trade_prevention,
        order.post_only,
        order.reduce_only,
        order.open_lots,
        order.filled_lots,
        order.filled_value_units,
        order.created_at_ns,
    )
    if order.special is None:
        return state
    return state + _more(order, order.special)


def _more(order: Order, special: Special) -> tuple[Any, ...]:
    """What ordinary limit and market orders do without."""
    return (
        special.expires_at_ns,
        special.group_id,
        special.is_untriggered,
        # No reader knows where the trigger of a trailing stop has run to.
        0 if order.order_type == TRAILING_STOP else special.trigger_price_ticks,
        special.trigger_by,
        special.trailing_distance_ticks,
        special.trailing_rate_ppb,
        special.activation_price_ticks,
        special.display_lots,
        special.parent_order_id,
        special.is_quote,
    )


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
