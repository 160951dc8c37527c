"""Money and margin as the rules state them: pure functions of numbers and of lists of what rests."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tests.reference.world import Account, Instrument, Order, Position, World
from trading.core.instruments import Bracket

PPB = 10**9


def ceiling(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


@dataclass
class Filled:
    """A settled position after a fill, and what the closed part of it realised."""

    position: Position
    realised_pnl_units: int


def fill_position(
    position: Position, *, instrument: Instrument, side: int, price_ticks: int, quantity_lots: int
) -> Filled:
    lots, entry = position.lots, position.entry_value_units
    realised = 0
    reducing = min(quantity_lots, abs(lots)) if side * lots < 0 else 0
    if reducing:
        released = ceiling(entry * reducing, abs(lots))
        realised = -side * instrument.value(price_ticks, reducing) - released
        entry -= released
        lots += side * reducing
    opening = quantity_lots - reducing
    lots += side * opening
    entry += side * instrument.value(price_ticks, opening)
    funding_index = position.funding_index if position.lots else instrument.funding_index
    return Filled(replace(position, lots=lots, entry_value_units=entry, funding_index=funding_index), realised)


def fee_units(value_units: int, rate_ppb: int) -> int:
    return ceiling(value_units * rate_ppb, PPB)


def released_loss(*, open_loss_units: int, lots: int, open_lots: int) -> int:
    return open_loss_units if lots == open_lots else open_loss_units * lots // open_lots


def open_loss(instrument: Instrument, side: int, price_ticks: int, *, lots: int) -> int:
    return max(0, instrument.value(side * (price_ticks - instrument.mark_price_ticks), lots))


@dataclass
class Resting:
    """What margin has to know of an order in the book."""

    side: int
    lots: int
    open_loss_units: int
    reduce_only: bool


@dataclass
class Holding:
    """An account in one instrument: as it is, or as it would be."""

    position: Position
    resting: list[Resting]

    def open_lots(self, side: int) -> int:
        return sum(one.lots for one in self.resting if one.side == side and not one.reduce_only)

    def largest_lots(self) -> int:
        """The larger of |p + B| and |p − S|."""
        return max(abs(self.position.lots + self.open_lots(1)), abs(self.position.lots - self.open_lots(-1)))


def resting_of(orders: list[Order]) -> list[Resting]:
    return [
        Resting(one.side, one.resting_lots, one.open_loss_units, one.reduce_only) for one in orders if one.resting_lots
    ]


def holding(world: World, account: Account, instrument: Instrument) -> Holding:
    orders = world.orders_of(account.account_id, instrument.instrument_id)
    return Holding(account.position(instrument.instrument_id), resting_of(orders))


def bracket_of(instrument: Instrument, notional_units: int) -> Bracket:
    return [one for one in instrument.parameters.brackets if one.floor_units <= notional_units][-1]


def bracket_initial(instrument: Instrument, notional_units: int) -> int:
    bracket = bracket_of(instrument, notional_units)
    return max(0, ceiling(notional_units * bracket.initial_rate_ppb, PPB) - bracket.initial_cum_units)


def maintenance(instrument: Instrument, position_lots: int) -> int:
    notional_units = instrument.value_at_mark(abs(position_lots))
    bracket = bracket_of(instrument, notional_units)
    return max(0, ceiling(notional_units * bracket.maintenance_rate_ppb, PPB) - bracket.maintenance_cum_units)


def side_requirement(instrument: Instrument, *, leverage: int, lots: int, open_lots: int) -> int:
    notional_units = instrument.value_at_mark(abs(lots))
    margin = max(ceiling(notional_units, leverage), bracket_initial(instrument, notional_units))
    return margin + fee_units(instrument.value_at_mark(open_lots), instrument.parameters.taker_fee_ppb)


def initial(instrument: Instrument, *, leverage: int, held: Holding) -> int:
    lots, buys, sells = held.position.lots, held.open_lots(1), held.open_lots(-1)
    if lots == buys == sells == 0:
        return 0
    bought = side_requirement(instrument, leverage=leverage, lots=lots + buys, open_lots=buys)
    sold = side_requirement(instrument, leverage=leverage, lots=lots - sells, open_lots=sells)
    return max(bought, sold) + sum(one.open_loss_units for one in held.resting)


def initial_of(instrument: Instrument, account: Account, lots: int) -> int:
    """initial(lots, 0, 0, 0)."""
    held = Holding(Position(lots), [])
    return initial(instrument, leverage=leverage_of(account, instrument), held=held)


def owed_funding(instrument: Instrument, position: Position) -> int:
    return ceiling(position.lots * (instrument.funding_index - position.funding_index), PPB)


def is_unsettled(instrument: Instrument, position: Position) -> bool:
    return position.lots != 0 and position.funding_index != instrument.funding_index


def unrealised(instrument: Instrument, position: Position) -> int:
    return instrument.value_at_mark(position.lots) - position.entry_value_units


def leverage_of(account: Account, instrument: Instrument) -> int:
    return account.leverages.get(instrument.instrument_id, instrument.parameters.default_leverage)


@dataclass
class Margin:
    equity_units: int
    initial_units: int

    @property
    def lacking_units(self) -> int:
        return self.initial_units - self.equity_units


def cross_collateral(account: Account) -> int:
    """What of the collateral is no isolated position's own."""
    return account.collateral_units - sum(one.isolated_units for one in account.positions.values())


def cross_equity(instruments: Iterable[Instrument], account: Account) -> int:
    total = cross_collateral(account)
    for instrument in instruments:
        position = account.position(instrument.instrument_id)
        if not position.is_isolated:
            total += unrealised(instrument, position) - owed_funding(instrument, position)
    return total


def isolated_equity(instrument: Instrument, position: Position) -> int:
    """Of an isolated position, funding that is owed paid."""
    return position.isolated_units + unrealised(instrument, position) - owed_funding(instrument, position)


def margin(
    world: World,
    account: Account,
    *,
    resting: tuple[Instrument, list[Resting]] | None = None,
    leverage: tuple[Instrument, int] | None = None,
) -> Margin:
    """Cross equity and Σ initial of an account, or of a changed copy of one.

    As it is, or with other orders resting or another leverage in one instrument.
    """
    total = Margin(cross_equity(world.instruments, account), 0)
    for instrument in world.instruments:
        held = holding(world, account, instrument)
        if resting and resting[0] is instrument:
            held = Holding(held.position, resting[1])
        times = leverage_of(account, instrument)
        if leverage and leverage[0] is instrument:
            times = leverage[1]
        total.initial_units += counted_initial(instrument, leverage=times, held=held)
    return total


def counted_initial(instrument: Instrument, *, leverage: int, held: Holding) -> int:
    """What the cross margin must hold: of an isolated position only what its orders add."""
    required = initial(instrument, leverage=leverage, held=held)
    if held.position.is_isolated:
        required -= initial(instrument, leverage=leverage, held=Holding(held.position, []))
    return required


def free_units(world: World, account: Account) -> int:
    """What may leave the cross margin."""
    now = margin(world, account)
    if account is world.fund:
        now.initial_units = fund_requirement(world.instruments, world.fund)
    return max(0, min(cross_collateral(account), now.equity_units) - now.initial_units)


def fund_free_units(world: World) -> int:
    """What the insurance fund may spend; below 0 when it lacks some for what it holds."""
    return cross_equity(world.instruments, world.fund) - fund_requirement(world.instruments, world.fund)


def fund_requirement(instruments: Iterable[Instrument], fund: Account) -> int:
    """What the insurance fund must keep for what it holds."""
    return sum(
        ceiling(abs(one.value_at_mark(fund.position(one.instrument_id).lots)) * one.risk.fund_margin_ppb, PPB)
        for one in instruments
    )
