"""The part of the stream of commands that is about risk: prices that move and jump, funding, margin modes, halts.

Functions take the `CommandStream` and use its chance and its view.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.reference import money
from tests.reference.world import Instrument
from tests.simulation import world
from tests.simulation.invariants import lacking_units
from trading.core import terms
from trading.core.instruments import RiskParameters
from trading.engine import commands
from trading.engine.commands import ExternalCommand

if TYPE_CHECKING:
    from tests.simulation.commands import CommandStream

SECOND_NS = 10**9
HIGHEST_LEVERAGE = 100


def mark(stream: CommandStream) -> ExternalCommand:
    """Mostly a small move, sometimes a jump; the index is near it, or stays as it was, or is far off."""
    instrument_id = stream.instrument()
    price_ticks = stream.view.instruments[instrument_id].mark_price_ticks
    if stream.random.random() < 0.04:
        moved = price_ticks * (100 + stream.random.choice((-1, 1)) * stream.random.randint(3, 16)) // 100
    else:
        moved = price_ticks + stream.random.randint(-4, 4)
    return moved_to(stream, instrument_id, moved)


def moved_to(stream: CommandStream, instrument_id: int, price_ticks: int) -> ExternalCommand:
    draw = stream.random.random()
    if draw < 0.15:
        index_ticks = 0
    elif draw < 0.18:
        index_ticks = price_ticks * stream.random.choice((50, 80, 125)) // 100
    else:
        index_ticks = max(1, price_ticks + stream.random.randint(-3, 3))
    return commands.UpdateMarkPrice(b"", 0, instrument_id, price_ticks, index_ticks)


def move(stream: CommandStream, instrument_id: int, percent: int) -> Callable[[], ExternalCommand]:
    """By a part of what the mark is then, within the instrument's prices."""

    def moved() -> ExternalCommand:
        instrument = stream.view.instruments[instrument_id]
        price_ticks = instrument.mark_price_ticks * (100 + percent) // 100
        return moved_to(stream, instrument_id, max(1, min(price_ticks, instrument.parameters.maximum_price_ticks)))

    return moved


def crash(stream: CommandStream) -> ExternalCommand:
    """The price runs one way in a few jumps, and later back; funding may be due, operators may step in."""
    instrument_id, direction = stream.instrument(), stream.random.choice((-1, -1, 1))
    jumps = [direction * stream.random.randint(1, 6) for _ in range(stream.random.randint(2, 7))]
    back = [-jump for jump in jumps[: stream.random.randint(0, len(jumps))]]
    moves = [move(stream, instrument_id, percent) for percent in jumps + back]
    if stream.random.random() < 0.5:
        moves.insert(0, lambda: funding(stream, instrument_id))
    if stream.random.random() < 0.5:
        state = stream.random.choice((terms.INSTRUMENT_POST_ONLY, terms.INSTRUMENT_HALTED))
        halted = (commands.SetExchangeState(b"", 0, state), commands.SetInstrumentState(b"", 0, instrument_id, state))
        stopped = stream.random.choice(halted)
        moves.insert(stream.random.randint(2, len(moves)), lambda: stopped)
    stream.plan += moves
    return commands.AdvanceTime(b"", 0)


def funding(stream: CommandStream, instrument_id: int = 0) -> ExternalCommand:
    """For the period that has just ended; at times again, for an older one, too early or beyond the cap."""
    instrument_id = instrument_id or (stream.instrument() if stream.random.random() < 0.97 else 9)
    risk = world.PARAMETERS[min(instrument_id, 2)].risk
    if instrument_id in stream.view.instruments:
        risk = stream.view.instruments[instrument_id].risk
    interval_ns = max(1, risk.funding_interval_ns)
    last_ns = stream.clock_ns // interval_ns * interval_ns
    off_ns = stream.random.choice((0, 0, 0, 0, 0, 0, -interval_ns, interval_ns, 1, -last_ns))
    cap_ppb = risk.funding_cap_ppb
    rate_ppb = stream.random.choice((cap_ppb, -cap_ppb, 100_001, -77_777, 0, stream.random.randint(-cap_ppb, cap_ppb)))
    if stream.random.random() < 0.04:
        rate_ppb = cap_ppb + 1
    return commands.ApplyFunding(b"", 0, instrument_id, last_ns + off_ns, rate_ppb)


def margin_mode(stream: CommandStream) -> ExternalCommand:
    """To the other mode, mostly; rather to isolated, and rather where something is held."""
    account_id, instrument_id = _holder(stream)
    if stream.random.random() < 0.05:
        account_id, instrument_id = stream.random.choice(((99, instrument_id), (account_id, 9)))
        return commands.SetMarginMode(b"", 0, account_id, instrument_id, True)
    is_isolated = not stream.view.position(account_id, instrument_id).is_isolated
    if stream.random.random() < 0.2:
        is_isolated = True
    return commands.SetMarginMode(b"", 0, account_id, instrument_id, is_isolated)


def isolated_margin(stream: CommandStream) -> ExternalCommand:
    account_id, instrument_id = _holder(stream, is_isolated=True)
    if stream.random.random() < 0.06:
        account_id, instrument_id = stream.random.choice(((99, instrument_id), (account_id, 9)))
    amount = stream.random.choice((1, 3_000, 20_000, 10**9)) * stream.random.choice((1, -1))
    if account_id in stream.view.accounts and stream.random.random() < 0.4:
        amount = -stream.view.position(account_id, instrument_id).isolated_units // stream.random.choice((1, 2, 4))
    return commands.ChangeIsolatedMargin(b"", 0, account_id, instrument_id, amount)


def _holder(stream: CommandStream, *, is_isolated: bool = False) -> tuple[int, int]:
    """An account and an instrument, rather ones with a position, of the asked kind if there is one."""
    found = [
        (account_id, instrument_id)
        for account_id, account in stream.view.accounts.items()
        for instrument_id, position in account.positions.items()
        if position.lots and account_id > 0 and (position.is_isolated or not is_isolated)
    ]
    if not found or stream.random.random() < 0.15:
        return stream.account(), stream.instrument()
    return stream.random.choice(found)


def exchange_state(stream: CommandStream) -> ExternalCommand:
    state, present = stream.random.choice((1, 1, 2, 3, 4, 4, 5)), stream.view.exchange_state
    return commands.SetExchangeState(b"", 0, state, stream.random.choice((0, present, present, 2)))


def sweep(stream: CommandStream) -> ExternalCommand:
    first, last = stream.random.choice(((-1, 99), (-1, 99), (1, 6), (7, 12), (5, 4)))
    return commands.SweepLiquidations(b"", 0, first, last)


def fund_transfer(stream: CommandStream) -> ExternalCommand:
    """The insurance fund gets a little, or gives up what it can spare, or more."""
    fund, instruments = stream.view.accounts[terms.INSURANCE_FUND], stream.view.instruments.values()
    spare_units = money.cross_equity(instruments, fund) - money.fund_requirement(instruments, fund)
    spare_units = min(spare_units, fund.collateral_units)
    amount = stream.random.choice((1_000, 15_000, -1, -spare_units, -spare_units, -spare_units - 1))
    return commands.TransferCollateral(b"", 0, terms.INSURANCE_FUND, "USDT", amount or 1, stream.count)


def for_the_fund(stream: CommandStream) -> ExternalCommand:
    """What customers and operators may not do to the insurance fund."""
    fund = terms.INSURANCE_FUND
    return stream.random.choice(
        (
            commands.SetAccountState(b"", 0, fund, 1),
            commands.SetAccountLimits(b"", 0, fund, 5),
            commands.CancelAfter(b"", 0, fund, SECOND_NS),
            commands.SetMarketMakerProtection(b"", 0, fund, 1, SECOND_NS, 5, 0, 0),
            commands.CancelAllOrders(b"", 0, fund),
            commands.SetMarginMode(b"", 0, fund, 1, True),
            commands.SetLeverage(b"", 0, fund, 1, 5),
        )
    )


def gamble(stream: CommandStream) -> ExternalCommand:
    """Who holds something takes out all that may go, or the highest leverage first."""
    account_id, instrument_id = _holder(stream)
    if stream.random.random() < 0.3:
        return commands.SetLeverage(b"", 0, account_id, instrument_id, HIGHEST_LEVERAGE)
    return withdraw_all(stream, account_id)()


def withdraw_all(stream: CommandStream, account_id: int) -> Callable[[], ExternalCommand]:
    def withdrawn() -> ExternalCommand:
        collateral_units = money.cross_collateral(stream.view.accounts[account_id])
        amount = max(1, min(-lacking_units(stream.view, account_id), collateral_units))
        return commands.TransferCollateral(b"", 0, account_id, "USDT", -amount, stream.count)

    return withdrawn


def parameters(stream: CommandStream, first: RiskParameters) -> RiskParameters:
    """The instrument's first ones, somewhat changed."""
    choice = stream.random.choice
    return first._replace(
        mark_staleness_ns=choice((first.mark_staleness_ns, 0, 2 * SECOND_NS)),
        funding_cap_ppb=choice((first.funding_cap_ppb, 3_000_000)),
        volatility_move_ppb=choice((first.volatility_move_ppb, 0, 30_000_000)),
        volatility_window_ns=choice((first.volatility_window_ns, first.volatility_window_ns, 0, 10 * SECOND_NS)),
        maximum_band_ppb=choice((first.maximum_band_ppb, 0)),
        liquidation_share_ppb=choice((first.liquidation_share_ppb, 0, 200_000_000)),
        liquidation_fee_ppb=choice((first.liquidation_fee_ppb, 0, 20_000_003)),
        liquidation_band_ppb=choice((first.liquidation_band_ppb, 1_000_000)),
        fund_limit_units=choice((first.fund_limit_units, 0, 50_000)),
    )


def restoring(stream: CommandStream, instrument: Instrument) -> ExternalCommand | None:
    """Brings what was led astray back, so that the market goes on: marks, and the exchange's state."""
    instrument_id = instrument.instrument_id
    base = world.BASE_MARKS[instrument_id]
    if abs(instrument.mark_price_ticks - base) * 10 > base * 3 and stream.random.random() < 0.1:
        return commands.UpdateMarkPrice(b"", 0, instrument_id, base, base)
    if instrument.exchange_state != terms.INSTRUMENT_NORMAL and stream.random.random() < 0.1:
        milder = terms.INSTRUMENT_CANCEL_ONLY if instrument.exchange_state == terms.INSTRUMENT_HALTED else 1
        return commands.SetExchangeState(b"", 0, milder)
    is_stuck = instrument.own_state != terms.INSTRUMENT_NORMAL and not instrument.resume_at_ns
    if is_stuck and stream.random.random() < 0.06:
        return commands.SetInstrumentState(b"", 0, instrument_id, terms.INSTRUMENT_NORMAL)
    return None
