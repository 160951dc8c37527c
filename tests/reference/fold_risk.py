"""What the events of funding, margin modes, halts and liquidations change, and those of prices they hang on."""

from dataclasses import replace

from tests.reference import scopes
from tests.reference.following import ALL_SOURCES, follow, queue, queue_once, queue_triggers, queue_trim
from tests.reference.halts import after_mark
from tests.reference.settling import pay_funding
from tests.reference.world import Account, Instrument, Liquidation, World
from trading.core import terms
from trading.engine import commands, events
from trading.engine.events import AnyEvent


def fold_risk(world: World, event: AnyEvent) -> None:
    match event:
        case events.MarkPriceUpdated():
            fold_mark(world, event)
        case events.InstrumentStateChanged():
            instrument = world.instrument(event.instrument_id)
            instrument.own_state = event.state
            instrument.resume_at_ns = 0
            queue_triggers(world, instrument, ALL_SOURCES)
        case events.ExchangeStateChanged():
            world.exchange_state = event.state
            for instrument in world.instruments:
                instrument.exchange_state = event.state
            for instrument in world.instruments:
                queue_triggers(world, instrument, ALL_SOURCES)
        case events.ResumptionScheduled():
            instrument = world.instrument(event.instrument_id)
            instrument.resume_at_ns = event.resume_at_ns
            instrument.window = []
        case events.FundingApplied() | events.FundingSettled():
            fold_funding(world, event)
        case events.MarginModeChanged():
            position = world.account(event.account_id).position(event.instrument_id)
            position.is_isolated = event.is_isolated
            position.isolated_units = event.isolated_units
        case events.IsolatedMarginChanged():
            world.account(event.account_id).position(event.instrument_id).isolated_units = event.isolated_units
        case _:
            fold_liquidation(world, event)


def fold_mark(world: World, event: events.MarkPriceUpdated) -> None:
    instrument = world.instrument(event.instrument_id)
    after_mark(instrument, event, world.time_ns)
    follow(world, instrument, terms.TRIGGER_BY_MARK)
    follow(world, instrument, terms.TRIGGER_BY_INDEX)
    queue_triggers(world, instrument, ALL_SOURCES)
    for one in sorted(world.liquidations, key=lambda one: (one.account_id, one.scope)):
        if one.is_waiting and scopes.are_ready(world, world.account(one.account_id), one.scope):
            one.is_waiting = False
            queue(world, commands.Liquidate(b"", 0, one.account_id, one.scope))
    if world.fund.position(event.instrument_id).lots and instrument.is_ready(world.time_ns):
        queue_once(world, commands.UnwindFund(b"", 0, event.instrument_id))


def fold_funding(world: World, event: events.FundingApplied | events.FundingSettled) -> None:
    instrument = world.instrument(event.instrument_id)
    if isinstance(event, events.FundingApplied):
        instrument.funding_index += event.index_price_ticks * instrument.terms.value_units * event.rate_ppb
        instrument.last_period_ns = event.period_ns
        queue_once(world, commands.SettleFunding(b"", 0, event.instrument_id))
        return
    pay_funding(world.account(event.account_id), instrument, event.charge_units)
    world.funding_pool_units += event.charge_units


def fold_liquidation(world: World, event: AnyEvent) -> None:
    match event:
        case events.LiquidationStarted():
            world.last_number = event.liquidation_id // 64
            world.liquidations.append(Liquidation(event.liquidation_id, event.account_id, event.instrument_id))
            queue(world, commands.Liquidate(b"", 0, event.account_id, event.instrument_id))
        case events.LiquidationEnded():
            world.liquidations = [one for one in world.liquidations if one.liquidation_id != event.liquidation_id]
        case events.LiquidationFeeCharged():
            world.account(event.account_id).collateral_units -= event.fee_units
            world.fund.collateral_units += event.fee_units
        case events.DeficitCovered():
            account = world.account(event.account_id)
            world.fund.collateral_units -= event.amount_units
            account.collateral_units += event.amount_units
            if event.instrument_id:
                account.position(event.instrument_id).isolated_units += event.amount_units
        case events.PositionAssigned():
            instrument = world.instrument(event.instrument_id)
            account, counterparty = world.account(event.account_id), world.account(event.counterparty_id)
            account.collateral_units += event.realised_pnl_units
            counterparty.collateral_units += event.counterparty_realised_pnl_units
            hold(account, instrument, event.position_lots, event.entry_value_units)
            hold(counterparty, instrument, event.counterparty_position_lots, event.counterparty_entry_value_units)
            queue_trim(world, account, instrument)
            queue_trim(world, counterparty, instrument)


def hold(account: Account, instrument: Instrument, lots: int, entry_value_units: int) -> None:
    """The position after a fill. One that opens owes nothing of the funding before."""
    position = account.position(instrument.instrument_id)
    funding_index = position.funding_index if position.lots else instrument.funding_index
    account.positions[instrument.instrument_id] = replace(
        position, lots=lots, entry_value_units=entry_value_units, funding_index=funding_index
    )


def go_on(world: World, command: commands.Liquidate, *, has_events: bool) -> None:
    """At the end of its record: a liquidation that has not ended takes its next step, or waits."""
    liquidation = world.liquidation(command.account_id, command.instrument_id)
    if liquidation is None:
        return
    liquidation.is_waiting = not has_events
    if has_events:
        queue(world, commands.Liquidate(b"", 0, command.account_id, command.instrument_id))
