"""The reference engine: stamps commands, decides them, folds their events, works off what follows."""

from tests.reference import (
    attached,
    cancels,
    exchange,
    funding,
    halts,
    immediate,
    liquidation,
    margin_modes,
    orders,
    quotes,
)
from tests.reference.fold import fold, forget_queued, forget_schedule, rotate_command_ids
from tests.reference.fold_risk import go_on
from tests.reference.following import queue, see_last_price
from tests.reference.matching import Refused, require
from tests.reference.world import GENERATION_NS, World
from trading.core import terms
from trading.engine import commands, events
from trading.engine.commands import ExternalCommand, InternalCommand, JournaledCommand
from trading.engine.events import AnyEvent, Record

AT_MOST = 1_000
DELEVERAGING = 100


class ReferenceEngine:
    """The same `execute` as `trading.engine.engine.Engine`."""

    def __init__(self, domain: int = 1) -> None:
        self.world = World(domain)

    def execute(self, command: ExternalCommand, time_ns: int) -> list[Record]:
        stamp_ns = max(self.world.time_ns, time_ns)
        timers: list[Record] = []
        while due := self._due_timers(stamp_ns):
            timers.append(self._record(due[0], stamp_ns, cause_sequence=0))
        before = self._work_off(stamp_ns)
        own = self._record(command, stamp_ns, cause_sequence=0)
        return [*timers, *before, own, *self._work_off(stamp_ns)]

    def drain(self) -> list[Record]:
        """Works off what waits when no command comes."""
        return self._work_off(self.world.time_ns)

    def _due_timers(self, stamp_ns: int) -> list[InternalCommand]:
        """Of those due: by time; at one time parameters, orders that expire, dead man's switches, halts that end."""
        timers: list[tuple[tuple[int, ...], InternalCommand]] = []
        for one in self.world.schedules:
            version = one.parameters.version
            key = (one.effective_at_ns, 0, one.instrument_id, version)
            timers.append((key, commands.ActivateParameters(b"", 0, one.instrument_id, version)))
        for order in self.world.orders:
            if order.content.expires_at_ns:
                key = (order.content.expires_at_ns, 1, order.order_id)
                timers.append((key, commands.ExpireOrder(b"", 0, order.account_id, order.order_id)))
        for account in self.world.accounts:
            if account.cancel_after_ns:
                key = (account.cancel_after_ns, 2, account.account_id)
                timers.append((key, commands.FireCancelAfter(b"", 0, account.account_id)))
        for instrument in self.world.instruments:
            if instrument.resume_at_ns:
                key = (instrument.resume_at_ns, 3, instrument.instrument_id)
                timers.append((key, commands.ResumeInstrument(b"", 0, instrument.instrument_id)))
        return [command for key, command in sorted(timers, key=lambda one: one[0]) if key[0] <= stamp_ns]

    def _work_off(self, stamp_ns: int) -> list[Record]:
        records: list[Record] = []
        counted = 0
        while self.world.urgent or (self.world.waiting and counted < AT_MOST):
            is_patient = not self.world.urgent
            first = (self.world.urgent or self.world.waiting).pop(0)
            records.append(self._record(first.command, stamp_ns, cause_sequence=first.cause_sequence))
            counted += weight(records[-1]) if is_patient else 0
        return records

    def _record(self, command: JournaledCommand, stamp_ns: int, *, cause_sequence: int) -> Record:
        world = self.world
        world.sequence += 1
        world.time_ns = stamp_ns
        world.traded = None
        rotate_command_ids(world, GENERATION_NS)
        if isinstance(command, InternalCommand):
            stated = decide_internal(world, command)
        else:
            stated = decide_external(world, command)
            if command.command_id and not world.first_sequence(command.command_id):
                world.current_ids.append((command.command_id, world.sequence))
        for event in stated:
            fold(world, event)
        if world.traded:
            see_last_price(world, world.traded)
        end_record(world, command, stated)
        return Record(world.sequence, stamp_ns, cause_sequence, command, stated)


def weight(record: Record) -> int:
    """How much of what may be worked off for a cause a record uses up."""
    if isinstance(record.command, commands.SettleFunding):
        return AT_MOST
    steps = [event.step for event in record.events if isinstance(event, events.LiquidationStepped)]
    return DELEVERAGING if terms.STEP_DELEVERAGE in steps else 1


def end_record(world: World, command: JournaledCommand, stated: list[AnyEvent]) -> None:
    match command:
        case commands.TriggerOrder():
            forget_queued(world, command.order_id)
        case commands.ActivateParameters():
            forget_schedule(world, command.instrument_id, command.version)
        case commands.SettleFunding() if funding.unsettled_accounts(world, world.instrument(command.instrument_id)):
            queue(world, commands.SettleFunding(b"", 0, command.instrument_id))
        case commands.Liquidate():
            go_on(world, command, has_events=bool(stated))


def decide_external(world: World, command: ExternalCommand) -> list[AnyEvent]:
    account_id = getattr(command, "account_id", 0)
    first_sequence = world.first_sequence(command.command_id) if command.command_id else 0
    if first_sequence:
        return [events.CommandRepeated(account_id, first_sequence)]
    try:
        require(not 0 < command.valid_until_ns < world.time_ns, "expired_in_transit")
        return decide(world, command)
    except Refused as refusal:
        return [events.CommandRefused(account_id, refusal.code)]


def decide(world: World, command: ExternalCommand) -> list[AnyEvent]:
    match command:
        case commands.OpenAccount():
            return exchange.open_account(world, command)
        case commands.SetAccountState():
            return exchange.set_account_state(world, command)
        case commands.SetAccountLimits():
            return exchange.set_account_limits(world, command)
        case commands.ListInstrument():
            return exchange.list_instrument(world, command)
        case commands.SetInstrumentParameters():
            return exchange.set_parameters(world, command, world.time_ns)
        case commands.SetInstrumentState():
            return exchange.set_instrument_state(world, command)
        case commands.UpdateMarkPrice():
            return halts.update_mark_price(world, command)
        case commands.TransferCollateral():
            return exchange.transfer_collateral(world, command)
        case commands.SetLeverage():
            return exchange.set_leverage(world, command)
        case commands.PlaceOrder():
            return orders.place(world, command, world.time_ns)
        case commands.AmendOrder():
            return orders.amend(world, command)
        case commands.CancelOrder():
            return cancels.cancel(world, command, world.time_ns)
        case commands.CancelAllOrders():
            return cancels.cancel_all(world, command)
        case commands.MassQuote():
            return quotes.mass_quote(world, command)
        case commands.SetMarketMakerProtection():
            return quotes.set_protection(world, command)
        case commands.AdvanceTime():
            return []
        case commands.CancelAfter():
            return cancels.cancel_after(world, command, world.time_ns)
        case _:
            return decide_on_risk(world, command)


def decide_on_risk(world: World, command: ExternalCommand) -> list[AnyEvent]:
    match command:
        case commands.ApplyFunding():
            return funding.apply_funding(world, command)
        case commands.SetMarginMode():
            return margin_modes.set_margin_mode(world, command)
        case commands.ChangeIsolatedMargin():
            return margin_modes.change_isolated_margin(world, command)
        case commands.SetExchangeState():
            return halts.set_exchange_state(world, command)
        case commands.SweepLiquidations():
            return halts.sweep(world, command)


def decide_internal(world: World, command: InternalCommand) -> list[AnyEvent]:
    match command:
        case commands.TriggerOrder():
            return orders.trigger(world, command)
        case commands.TrimReduceOnly():
            return orders.trim(world, command)
        case commands.ActivateParameters():
            return exchange.activate_parameters(world, command)
        case commands.ExpireOrder():
            return cancels.expire(world, command)
        case commands.FireCancelAfter():
            return cancels.fire_cancel_after(world, command)
        case commands.SizeAttached():
            return attached.size_attached(world, command)
        case commands.CancelGroup():
            return attached.cancel_group(world, command)
        case commands.FireMarketMakerProtection():
            return quotes.fire_protection(world, command)
        case commands.SettleFunding():
            return funding.settle_funding(world, command)
        case commands.Liquidate():
            return liquidation.liquidate(world, command)
        case commands.UnwindFund():
            return immediate.unwind_fund(world, command)
        case commands.ResumeInstrument():
            return halts.resume(world, command)
