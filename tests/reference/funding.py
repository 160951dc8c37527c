"""Decisions on funding: a rate for a period, and the payments that follow from it."""

from tests.reference import money
from tests.reference.exchange import required_instrument
from tests.reference.matching import require
from tests.reference.world import Account, Instrument, World
from trading.core import terms
from trading.engine import commands, events
from trading.engine.events import AnyEvent

CHUNK = 256


def apply_funding(world: World, command: commands.ApplyFunding) -> list[AnyEvent]:
    instrument = required_instrument(world, command.instrument_id)
    risk, period_ns = instrument.risk, command.period_ns
    require(abs(command.rate_ppb) <= risk.funding_cap_ppb, "invalid_parameter")
    require(0 < period_ns <= world.time_ns and period_ns % risk.funding_interval_ns == 0, "invalid_parameter")
    require(period_ns > instrument.last_period_ns, "idempotency_conflict")
    is_open = instrument.state != terms.INSTRUMENT_HALTED and instrument.index_price_ticks > 0
    require(is_open, "instrument_halted")
    return [
        events.FundingApplied(command.instrument_id, period_ns, command.rate_ppb, instrument.index_price_ticks),
    ]


def settle_funding(world: World, command: commands.SettleFunding) -> list[AnyEvent]:
    instrument = world.instrument(command.instrument_id)
    return [settled(account, instrument) for account in unsettled_accounts(world, instrument)[:CHUNK]]


def unsettled_accounts(world: World, instrument: Instrument) -> list[Account]:
    """By account id."""
    ordered = sorted(world.accounts, key=lambda one: one.account_id)
    return [one for one in ordered if money.is_unsettled(instrument, one.position(instrument.instrument_id))]


def settled(account: Account, instrument: Instrument) -> events.FundingSettled:
    charge_units = money.owed_funding(instrument, account.position(instrument.instrument_id))
    return events.FundingSettled(account.account_id, instrument.instrument_id, charge_units)
