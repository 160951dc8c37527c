"""From a command to its events: one table. Decisions read the state and change nothing.

Each gives all events of one command; exactly one `CommandRefused` when it may not be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from trading.engine import commands as c
from trading.engine.decisions import (
    accounts,
    amends,
    cancels,
    instruments,
    liquidation,
    margin_modes,
    orders,
    prices,
    quotes,
    related,
)
from trading.engine.events import AnyEvent, CommandRepeated
from trading.engine.refusal import refuse
from trading.engine.state import State


def decline(state: State, command: c.JournaledCommand) -> list[AnyEvent]:
    """Of a command that was decided before: where; of one that came too late: its refusal."""
    command_id = command.command_id
    first_sequence = state.recent_command_ids.get(command_id) or state.previous_command_ids.get(command_id)
    if first_sequence is not None:
        return [CommandRepeated(getattr(command, "account_id", 0), first_sequence)]
    return refuse(command, "expired_in_transit")


def _advance_time(state: State, command: c.AdvanceTime) -> list[AnyEvent]:
    return []


DECISIONS: Final[dict[type, Callable[[State, Any], list[AnyEvent]]]] = {
    c.OpenAccount: accounts.open_account,
    c.SetAccountState: accounts.set_account_state,
    c.SetAccountLimits: accounts.set_account_limits,
    c.TransferCollateral: accounts.transfer_collateral,
    c.SetLeverage: accounts.set_leverage,
    c.ListInstrument: instruments.list_instrument,
    c.SetInstrumentParameters: instruments.set_instrument_parameters,
    c.SetInstrumentState: instruments.set_instrument_state,
    c.UpdateMarkPrice: prices.update_mark_price,
    c.PlaceOrder: orders.place_order,
    c.PlaceSpecialOrder: orders.place_special_order,
    c.AmendOrder: amends.amend_order,
    c.CancelOrder: cancels.cancel_order,
    c.CancelAllOrders: cancels.cancel_all_orders,
    c.AdvanceTime: _advance_time,
    c.CancelAfter: cancels.cancel_after,
    c.MassQuote: quotes.mass_quote,
    c.SetMarketMakerProtection: quotes.set_market_maker_protection,
    c.ApplyFunding: prices.apply_funding,
    c.SetMarginMode: margin_modes.set_margin_mode,
    c.ChangeIsolatedMargin: margin_modes.change_isolated_margin,
    c.SetExchangeState: prices.set_exchange_state,
    c.SweepLiquidations: prices.sweep_liquidations,
    c.TriggerOrder: orders.trigger_order,
    c.TrimReduceOnly: cancels.trim_reduce_only,
    c.ActivateParameters: instruments.activate_parameters,
    c.ExpireOrder: cancels.expire_order,
    c.FireCancelAfter: cancels.fire_cancel_after,
    c.SizeAttached: related.size_attached,
    c.CancelGroup: related.cancel_group,
    c.FireMarketMakerProtection: quotes.fire_market_maker_protection,
    c.SettleFunding: prices.settle_funding,
    c.Liquidate: liquidation.liquidate,
    c.UnwindFund: liquidation.unwind_fund,
    c.ResumeInstrument: prices.resume_instrument,
}
