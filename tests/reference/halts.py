"""Decisions on prices, halts, and the states of instruments and the exchange."""

from dataclasses import replace

from tests.reference import scopes, windows
from tests.reference.exchange import STATES, required_instrument
from tests.reference.matching import require
from tests.reference.world import Instrument, World
from trading.core import terms
from trading.engine import commands, events
from trading.engine.events import AnyEvent


def set_exchange_state(world: World, command: commands.SetExchangeState) -> list[AnyEvent]:
    require(command.state in STATES, "invalid_parameter")
    is_leap = world.exchange_state == terms.INSTRUMENT_HALTED and command.state < terms.INSTRUMENT_CANCEL_ONLY
    require(not is_leap, "invalid_parameter")
    require(command.expected_state in (0, world.exchange_state), "idempotency_conflict")
    return [events.ExchangeStateChanged(command.state)]


def update_mark_price(world: World, command: commands.UpdateMarkPrice) -> list[AnyEvent]:
    """The price, the halt that follows from it, and then the liquidations."""
    instrument = required_instrument(world, command.instrument_id)
    highest = instrument.parameters.maximum_price_ticks
    require(1 <= command.mark_price_ticks <= highest, "invalid_price")
    require(0 <= command.index_price_ticks <= highest, "invalid_price")
    stated: list[AnyEvent] = [
        events.MarkPriceUpdated(command.instrument_id, command.mark_price_ticks, command.index_price_ticks)
    ]
    after = replace(instrument)
    after_mark(after, stated[0], world.time_ns)
    if windows.has_moved_too_far(after):
        resume_at_ns = world.time_ns + after.risk.volatility_halt_ns
        after.own_state = terms.INSTRUMENT_HALTED
        stated += [
            events.InstrumentStateChanged(command.instrument_id, terms.INSTRUMENT_HALTED),
            events.ResumptionScheduled(command.instrument_id, resume_at_ns, *windows.low_and_high(after)),
        ]
    instruments = [after if one is instrument else one for one in world.instruments]
    return stated + scopes.started(replace(world, instruments=instruments), world.accounts)


def after_mark(instrument: Instrument, event: events.MarkPriceUpdated, time_ns: int) -> None:
    """What the event changes in the instrument."""
    instrument.mark_price_ticks = event.mark_price_ticks
    instrument.index_price_ticks = event.index_price_ticks or instrument.index_price_ticks
    instrument.marked_at_ns = time_ns
    windows.add_mark(instrument, time_ns)


def sweep(world: World, command: commands.SweepLiquidations) -> list[AnyEvent]:
    first, last = command.first_account_id, command.last_account_id
    require(first <= last, "invalid_parameter")
    return scopes.started(world, [one for one in world.accounts if first <= one.account_id <= last])


def resume(world: World, command: commands.ResumeInstrument) -> list[AnyEvent]:
    instrument = world.instrument(command.instrument_id)
    if instrument.own_state != terms.INSTRUMENT_HALTED:
        return [events.InstrumentStateChanged(command.instrument_id, terms.INSTRUMENT_NORMAL)]
    resume_at_ns = world.time_ns + instrument.risk.volatility_cancel_only_ns
    return [
        events.InstrumentStateChanged(command.instrument_id, terms.INSTRUMENT_CANCEL_ONLY),
        events.ResumptionScheduled(command.instrument_id, resume_at_ns, 0, 0),
    ]
