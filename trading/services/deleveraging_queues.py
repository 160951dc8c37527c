"""Lights of auto-deleveraging. A task measures each queue as a whole now and then; a request only compares with it.

Ranks are those of `risk.core.deleveraging`, from the readers' rows: the engine ranks anew when it must.
"""

from typing import Final, NamedTuple

from django.db import connection

from risk.core.deleveraging import LIGHTS, RankedPosition, in_queue_order, lights, rank_scaled
from risk.core.margin import maintenance_margin_units
from trading.core.terms import INSURANCE_FUND, SETTLEMENT_ASSET
from trading.engine.replies import AccountView, PositionView
from trading.models import DeleveragingQueue
from trading.selectors.instruments import InstrumentView, list_instruments

_HELD: Final = """
SELECT p.account_id, p.instrument_id, p.lots, p.entry_value_units, p.is_isolated, p.isolated_units,
    coalesce(b.balance_units, 0),
    (SELECT sum(isolated_units)::bigint FROM trading_position o WHERE o.account_id = p.account_id)
FROM trading_position p LEFT JOIN trading_balance b
    ON b.ledger_account = 'collateral:' || p.account_id AND b.asset = %s
WHERE p.lots <> 0 AND p.account_id <> %s
"""

Side = tuple[int, int]  # instrument id, sign of the position
Scope = tuple[int, int]  # account id, instrument id of an isolated position or 0


class Held(NamedTuple):
    """A position at the present mark, without funding it still owes. `scope` 0: it shares the account's margin."""

    account_id: int
    instrument_id: int
    lots: int
    entry_value_units: int
    lot_value_units: int
    maintenance_units: int
    scope: int

    def pnl_units(self) -> int:
        return self.lots * self.lot_value_units - self.entry_value_units


def measure_queues(*, now_ns: int) -> int:
    """Ranks all positions anew; returns how many. Safe to run at any time; the last one to finish counts."""
    queues: dict[Side, list[RankedPosition]] = {
        (view.terms.instrument_id, sign): [] for view in list_instruments() for sign in (1, -1)
    }
    positions, equities = _read()
    for scope, group in positions.items():
        for held, rank in zip(group, _ranks(group, equities[scope]), strict=True):
            queues[held.instrument_id, _sign(held.lots)].append(RankedPosition(held.account_id, abs(held.lots), rank))
    for (instrument_id, sign), queue in queues.items():
        bounds = [[fifth, str(lowest)] for fifth, lowest in bounds_of(queue).items()]
        fields = {"bounds": bounds, "measured_at_ns": now_ns}
        DeleveragingQueue.objects.update_or_create(instrument_id=instrument_id, side=sign, defaults=fields)
    return sum(len(queue) for queue in queues.values())


def bounds_of(positions: list[RankedPosition]) -> dict[int, int]:
    """By fifth of all lots, the first one first: the lowest rank that ends in it, if any does."""
    queue = in_queue_order(positions)
    return {fifth: position.rank_scaled for fifth, position in zip(lights(queue), queue, strict=True)}


def lights_of(view: AccountView) -> dict[int, int]:
    """By instrument the lamps that shine for what the account holds: 5 is first in line, 1 last. One read of rows."""
    held = [_held_of(view, position) for position in view.positions if position.position_lots]
    sides = {(row.instrument_id, row.side): row.bounds for row in DeleveragingQueue.objects.all()} if held else {}
    found = {}
    for scope, group in _by_scope(held).items():
        equity_units = _scope_equity_units(view, scope)
        for position, rank in zip(group, _ranks(group, equity_units), strict=True):
            bounds = sides.get((position.instrument_id, _sign(position.lots)), [])
            found[position.instrument_id] = light_of(rank, bounds)
    return found


def light_of(rank: int, bounds: list[tuple[int, str]]) -> int:
    return next((LIGHTS + 1 - fifth for fifth, lowest in bounds if rank >= int(lowest)), 1)


def _scope_equity_units(view: AccountView, scope: Scope) -> int:
    """Settled money: without what funding is owed."""
    if scope[1]:
        (position,) = (each for each in view.positions if each.instrument_id == scope[1])
        return position.isolated_units + position.unrealised_pnl_units
    return view.equity_units + sum(each.owed_funding_units for each in view.positions if not each.is_isolated)


def _held_of(view: AccountView, position: PositionView) -> Held:
    return Held(
        view.account_id,
        position.instrument_id,
        position.position_lots,
        position.entry_value_units,
        (position.unrealised_pnl_units + position.entry_value_units) // position.position_lots,
        position.maintenance_margin_units,
        position.instrument_id if position.is_isolated else 0,
    )


def _read() -> tuple[dict[Scope, list[Held]], dict[Scope, int]]:
    """Positions by scope, and the equity of each scope; the insurance fund is in no queue."""
    instruments = {view.terms.instrument_id: view for view in list_instruments()}
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [SETTLEMENT_ASSET, INSURANCE_FUND])
        rows = cursor.fetchall()
    equities: dict[Scope, int] = {}
    held = []
    for (
        account_id,
        instrument_id,
        lots,
        entry_value_units,
        is_isolated,
        own_units,
        balance_units,
        all_own_units,
    ) in rows:
        position = _held(instruments[instrument_id], account_id, lots, entry_value_units, is_isolated)
        scope = (account_id, position.scope)
        margin_units = own_units if is_isolated else balance_units - all_own_units
        equities[scope] = equities.get(scope, margin_units) + position.pnl_units()
        held.append(position)
    return _by_scope(held), equities


def _held(view: InstrumentView, account_id: int, lots: int, entry_value_units: int, is_isolated: bool) -> Held:
    instrument_id, lot_value_units = view.terms.instrument_id, view.mark_price_ticks * view.terms.value_units
    maintenance_units = maintenance_margin_units(view.parameters.brackets, abs(lots) * lot_value_units)
    scope = instrument_id if is_isolated else 0
    return Held(account_id, instrument_id, lots, entry_value_units, lot_value_units, maintenance_units, scope)


def _by_scope(positions: list[Held]) -> dict[Scope, list[Held]]:
    groups: dict[Scope, list[Held]] = {}
    for position in positions:
        groups.setdefault((position.account_id, position.scope), []).append(position)
    return groups


def _ranks(group: list[Held], equity_units: int) -> list[int]:
    """Of the positions of one scope, which share its equity by maintenance margin."""
    total_units = sum(position.maintenance_units for position in group) or 1
    return [
        rank_scaled(
            lots=position.lots,
            entry_value_units=position.entry_value_units,
            equity_units=equity_units * position.maintenance_units // total_units,
            lot_value_units=position.lot_value_units,
        )
        for position in group
    ]


def _sign(lots: int) -> int:
    return 1 if lots > 0 else -1
