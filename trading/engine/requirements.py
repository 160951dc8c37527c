"""Equity and margin of an account in the state, each position's share of equity memoised until mark or lots change."""

from __future__ import annotations

from risk.core.margin import ceil_ppb, initial_margin_units
from trading.core.accounts import Account
from trading.core.positions import Position


def leverage_of(position: Position) -> int:
    """The account's own leverage, else the instrument's default."""
    return position.leverage or position.instrument.default_leverage


def requirement(
    position: Position, lots: int, buy_lots: int, sell_lots: int, open_loss_units: int, leverage: int = 0
) -> int:
    """Initial margin in units that the account's cross equity must hold for the position with these lots and orders.

    An isolated one has its own margin: only what its orders add counts. `leverage` in place of its own.
    """
    instrument = position.instrument
    leverage = leverage or position.leverage or instrument.default_leverage
    units = initial_margin_units(instrument, lots, buy_lots, sell_lots, open_loss_units, leverage)
    if position.isolated_units is not None:
        units -= initial_margin_units(instrument, lots, 0, 0, 0, leverage)
    return units


def present_requirement(position: Position, leverage: int = 0) -> int:
    """The requirement of the position and its open orders as they are; `leverage` in place of its own."""
    return requirement(
        position, position.lots, position.buy_lots, position.sell_lots, position.open_loss_units, leverage
    )


def contribution(position: Position) -> int:
    """What the position adds to cross equity: unrealised P&L less owed funding; an isolated one takes its margin."""
    if position.isolated_units is not None:
        return -position.isolated_units
    instrument = position.instrument
    units = position.lots * instrument.lot_value_units - position.entry_value_units
    if position.funding_index != instrument.funding_index:
        units -= position.owed_funding_units()
    return units


def refresh(position: Position) -> None:
    """Bring the memoised contribution to equity up to the present mark."""
    position.pnl_units = contribution(position)
    position.margin_key = position.instrument.margin_key


def cross_equity_units(account: Account) -> int:
    """The account's collateral with what each position adds to it, in units of the settlement asset."""
    units = account.collateral_units or 0
    for position in account.positions.values():
        if position.margin_key != position.instrument.margin_key:
            refresh(position)
        units += position.pnl_units
    return units


def equity_and_initial(account: Account, besides: Position | None = None) -> tuple[int, int]:
    """(cross equity, sum of the requirements on it) of the account in units of the settlement asset.

    The requirement of the position `besides` is left out, its part of equity is not.
    """
    held = account.positions.values()
    return cross_equity_units(account), sum(present_requirement(each) for each in held if each is not besides)


def has_plenty(position: Position, lots: int, buy_lots: int, sell_lots: int, loss_units: int, gain_units: int) -> bool:
    """Whether a cross position that would have these lots, open lots and open loss is within its limit, and its account
    has more than all its positions could take. Ledger units; gain_units: of the fills at the mark, fees paid.

    So it is nearly always. False says nothing: only `equity_and_initial` knows.
    """
    instrument = position.instrument
    most_lots = lots + buy_lots
    if sell_lots - lots > most_lots:
        most_lots = sell_lots - lots
    if most_lots > instrument.ordinary_lots:
        return False
    lot_units = instrument.lot_requirement_units
    if position.leverage:
        lot_units = instrument.most_a_lot_takes_units(position.leverage)
    account = position.account
    free_units = (account.collateral_units or 0) + gain_units - loss_units - most_lots * lot_units
    for held in account.positions.values():
        instrument = held.instrument
        if held.margin_key != instrument.margin_key:
            refresh(held)
        free_units += held.pnl_units
        if held is not position:
            lots = held.lots
            most_lots = lots + held.buy_lots
            if held.sell_lots - lots > most_lots:
                most_lots = held.sell_lots - lots
            if most_lots > instrument.ordinary_lots:
                return False
            lot_units = instrument.lot_requirement_units
            if held.leverage:
                lot_units = instrument.most_a_lot_takes_units(held.leverage)
            free_units -= most_lots * lot_units + held.open_loss_units
    return free_units >= 0


def isolated_equity_units(position: Position) -> int:
    """What an isolated position's own margin is worth with its P&L at the present mark, owed funding paid."""
    pnl_units = position.pnl_at(position.instrument.lot_value_units)
    return (position.isolated_units or 0) + pnl_units - position.owed_funding_units()


def fund_margin_units(fund: Account) -> int:
    """What the insurance fund keeps for the positions it holds."""
    return sum(
        ceil_ppb(
            abs(position.lots) * position.instrument.lot_value_units,
            position.instrument.parameters.risk.fund_margin_ppb,
        )
        for position in fund.positions.values()
    )
