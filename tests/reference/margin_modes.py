"""Decisions on cross and isolated margin."""

from dataclasses import replace

from tests.reference import money
from tests.reference.exchange import LARGEST_TRANSFER_UNITS, required_instrument
from tests.reference.matching import require
from tests.reference.settling import copy_of
from tests.reference.world import World
from trading.core import terms
from trading.engine import commands, events
from trading.engine.events import AnyEvent


def set_margin_mode(world: World, command: commands.SetMarginMode) -> list[AnyEvent]:
    account = world.account(command.account_id)
    require(account is not None, "account_not_found")
    instrument = required_instrument(world, command.instrument_id)
    require(account.state != terms.ACCOUNT_FROZEN, "account_restricted")
    require(not world.is_covered(account, instrument.instrument_id), "account_restricted")
    position = account.position(instrument.instrument_id)
    isolated_units = position.isolated_units
    if position.is_isolated != command.is_isolated:
        isolated_units = 0
        if command.is_isolated and position.lots:
            lost_units = max(0, -money.unrealised(instrument, position))
            owed_units = max(0, money.owed_funding(instrument, position))
            isolated_units = money.initial_of(instrument, account, position.lots) + lost_units + owed_units
        after = copy_of(account)
        after.positions[instrument.instrument_id] = replace(
            position, is_isolated=command.is_isolated, isolated_units=isolated_units
        )
        is_free = command.is_isolated and isolated_units == 0
        require(is_free or money.margin(world, after).lacking_units <= 0, "insufficient_margin")
    return [
        events.MarginModeChanged(command.account_id, command.instrument_id, command.is_isolated, isolated_units),
    ]


def change_isolated_margin(world: World, command: commands.ChangeIsolatedMargin) -> list[AnyEvent]:
    account = world.account(command.account_id)
    require(account is not None, "account_not_found")
    instrument = required_instrument(world, command.instrument_id)
    require(account.state != terms.ACCOUNT_FROZEN, "account_restricted")
    require(not world.is_covered(account, instrument.instrument_id), "account_restricted")
    require(world.liquidation(account.account_id, 0) is None, "account_restricted")
    position, amount = account.position(instrument.instrument_id), command.amount_units
    require(position.is_isolated and position.lots != 0, "invalid_parameter")
    require(1 <= abs(amount) <= LARGEST_TRANSFER_UNITS, "invalid_parameter")
    own_units = position.isolated_units + amount
    if amount > 0:
        require(amount <= money.free_units(world, account), "insufficient_funds")
    else:
        owed_units = max(0, money.owed_funding(instrument, position))
        equity_units = own_units + money.unrealised(instrument, position) - owed_units
        required_units = money.initial_of(instrument, account, position.lots)
        require(own_units >= 0 and equity_units >= required_units, "insufficient_margin")
    return [events.IsolatedMarginChanged(command.account_id, command.instrument_id, own_units)]
