"""Decisions on the exchange's own commands: accounts, instruments, prices, collateral, leverage."""

from tests.reference import money
from tests.reference.checks import MOTIONLESS
from tests.reference.matching import require
from tests.reference.world import DAY_NS, Instrument, World
from trading.core import terms
from trading.core.instruments import Bracket, InstrumentParameters, InstrumentTerms, RiskParameters
from trading.engine import commands, events
from trading.engine.events import AnyEvent

SECOND_NS = 10**9
STATES = (1, 2, 3, 4)
LARGEST_TRANSFER_UNITS = 10**15
LARGEST_COLLATERAL_UNITS = 10**16


def open_account(world: World, command: commands.OpenAccount) -> list[AnyEvent]:
    require(command.account_id > 0 and command.user_id > 0, "invalid_parameter")
    known = world.account(command.account_id)
    require(known is None or known.user_id == command.user_id, "invalid_parameter")
    return [events.AccountOpened(command.account_id, command.user_id)]


def set_account_state(world: World, command: commands.SetAccountState) -> list[AnyEvent]:
    require(world.customer(command.account_id) is not None, "account_not_found")
    require(command.state in STATES, "invalid_parameter")
    present = world.account(command.account_id).state
    require(command.expected_state in (0, present), "idempotency_conflict")
    return [events.AccountStateChanged(command.account_id, command.state)]


def set_account_limits(world: World, command: commands.SetAccountLimits) -> list[AnyEvent]:
    require(world.customer(command.account_id) is not None, "account_not_found")
    require(command.maximum_open_orders >= 0, "invalid_parameter")
    return [events.AccountLimitsChanged(command.account_id, command.maximum_open_orders)]


def list_instrument(world: World, command: commands.ListInstrument) -> list[AnyEvent]:
    given = command.terms
    require(given.instrument_id > 0, "invalid_parameter")
    for known in world.instruments:
        require(known.instrument_id != given.instrument_id, "invalid_parameter")
        require(known.terms.symbol != given.symbol, "invalid_parameter")
    require(given.kind == "perpetual" and given.symbol != "" and given.value_units >= 1, "invalid_parameter")
    require(are_valid(command.parameters, given), "invalid_parameter")
    return [events.InstrumentListed(given, command.parameters)]


def are_valid(parameters: InstrumentParameters, given: InstrumentTerms) -> bool:
    first = parameters.brackets[0] if parameters.brackets else None
    return (
        parameters.version >= 1
        and abs(parameters.maker_fee_ppb) <= 10**7
        and 0 <= parameters.taker_fee_ppb <= 10**7
        and parameters.maker_fee_ppb + parameters.taker_fee_ppb >= 0
        and 0 < parameters.price_band_ppb <= 10**11
        and 0 < parameters.protection_ppb < money.PPB
        and parameters.minimum_notional_units >= 0
        and parameters.maximum_price_ticks >= 1
        and parameters.maximum_order_lots >= 1
        and 1 <= parameters.position_limit_units < 2**62
        and parameters.maximum_open_orders >= 1
        and parameters.default_leverage >= 1
        and parameters.maximum_price_ticks * parameters.maximum_order_lots * given.value_units < 2**62
        and are_valid_for_risk(parameters.risk)
        and first is not None
        and first.floor_units == first.initial_cum_units == first.maintenance_cum_units == 0
        and all(0 < one.maintenance_rate_ppb <= one.initial_rate_ppb <= money.PPB for one in parameters.brackets)
        and parameters.default_leverage <= money.PPB // first.initial_rate_ppb
        and all(follows(one, before) for before, one in zip(parameters.brackets, parameters.brackets[1:], strict=False))
    )


def are_valid_for_risk(risk: RiskParameters) -> bool:
    shares = (
        risk.basis_clamp_ppb,
        risk.funding_cap_ppb,
        risk.liquidation_share_ppb,
        risk.liquidation_fee_ppb,
        risk.liquidation_band_ppb,
        risk.fund_margin_ppb,
        risk.volatility_move_ppb,
    )
    return (
        all(number >= 0 for number in risk)
        and risk.mark_method in (1, 2, 3)
        and risk.funding_interval_ns >= SECOND_NS
        and all(share <= money.PPB for share in shares)
        and risk.maximum_band_ppb <= 10**11
        and risk.impact_notional_units >= 1
        and risk.volatility_window_ns <= DAY_NS
        and SECOND_NS <= risk.volatility_halt_ns <= 7 * DAY_NS
        and SECOND_NS <= risk.volatility_cancel_only_ns <= 7 * DAY_NS
        and risk.liquidation_band_ppb > 0
        and risk.fund_limit_units < 2**62
    )


def follows(one: Bracket, before: Bracket) -> bool:
    initial_rise = one.initial_rate_ppb - before.initial_rate_ppb
    maintenance_rise = one.maintenance_rate_ppb - before.maintenance_rate_ppb
    return (
        one.floor_units > before.floor_units
        and initial_rise >= 0
        and maintenance_rise >= 0
        and one.initial_cum_units == before.initial_cum_units + one.floor_units * initial_rise // money.PPB
        and one.maintenance_cum_units == before.maintenance_cum_units + one.floor_units * maintenance_rise // money.PPB
    )


def set_parameters(world: World, command: commands.SetInstrumentParameters, time_ns: int) -> list[AnyEvent]:
    instrument = required_instrument(world, command.instrument_id)
    require(command.parameters.version > instrument.newest_version, "invalid_parameter")
    require(are_valid(command.parameters, instrument.terms), "invalid_parameter")
    if command.effective_at_ns <= time_ns:
        return [events.ParametersChanged(command.instrument_id, command.parameters)]
    return [events.ParametersScheduled(command.instrument_id, command.parameters, command.effective_at_ns)]


def activate_parameters(world: World, command: commands.ActivateParameters) -> list[AnyEvent]:
    due = [
        one
        for one in world.schedules
        if one.instrument_id == command.instrument_id and one.parameters.version == command.version
    ]
    active = world.instrument(command.instrument_id).parameters.version
    return [
        events.ParametersChanged(one.instrument_id, one.parameters) for one in due if one.parameters.version > active
    ]


def set_instrument_state(world: World, command: commands.SetInstrumentState) -> list[AnyEvent]:
    instrument = required_instrument(world, command.instrument_id)
    require(command.state in STATES, "invalid_parameter")
    require(command.expected_state in (0, instrument.own_state), "idempotency_conflict")
    return [events.InstrumentStateChanged(command.instrument_id, command.state)]


def required_instrument(world: World, instrument_id: int) -> Instrument:
    instrument = world.instrument(instrument_id)
    require(instrument is not None, "instrument_not_found")
    return instrument


def transfer_collateral(world: World, command: commands.TransferCollateral) -> list[AnyEvent]:
    account = world.account(command.account_id)
    amount = command.amount_units
    require(account is not None, "account_not_found")
    require(command.asset == "USDT", "invalid_parameter")
    require(1 <= abs(amount) <= LARGEST_TRANSFER_UNITS, "invalid_parameter")
    if amount < 0:
        require(account is world.fund or account.state not in MOTIONLESS, "account_restricted")
        require(world.liquidation(account.account_id, 0) is None, "account_restricted")
        require(-amount <= money.free_units(world, account), "insufficient_funds")
    balance = account.collateral_units + amount
    require(amount < 0 or balance <= LARGEST_COLLATERAL_UNITS, "invalid_parameter")
    return [
        events.CollateralTransferred(
            account_id=account.account_id,
            asset=command.asset,
            amount_units=amount,
            balance_units=balance,
            transfer_id=command.transfer_id,
        )
    ]


def set_leverage(world: World, command: commands.SetLeverage) -> list[AnyEvent]:
    account = world.account(command.account_id)
    require(account is not None, "account_not_found")
    instrument = required_instrument(world, command.instrument_id)
    require(account.state != terms.ACCOUNT_FROZEN, "account_restricted")
    require(not world.is_covered(account, instrument.instrument_id), "account_restricted")
    require(1 <= command.leverage <= 1000, "invalid_parameter")
    notional_units = instrument.value_at_mark(money.holding(world, account, instrument).largest_lots())
    rate_ppb = money.bracket_of(instrument, notional_units).initial_rate_ppb
    require(command.leverage <= money.PPB // rate_ppb, "leverage_too_high")
    now = money.margin(world, account)
    then = money.margin(world, account, leverage=(instrument, command.leverage))
    require(then.initial_units <= now.initial_units or then.initial_units <= then.equity_units, "insufficient_margin")
    position = account.position(instrument.instrument_id)
    if position.is_isolated and position.lots:
        asked_units = money.initial(instrument, leverage=command.leverage, held=money.Holding(position, []))
        own_units = position.isolated_units + money.unrealised(instrument, position)
        require(own_units >= asked_units, "insufficient_margin")
    return [events.LeverageChanged(command.account_id, command.instrument_id, command.leverage)]
