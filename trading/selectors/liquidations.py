"""Liquidations: those that concern an account, and what was closed in public."""

from collections.abc import Collection
from typing import Any, Final, TypeVar

import msgspec
from django.db import connection

from trading.core.terms import LIQUIDATION_STEPS
from trading.selectors.accounts import FillView

View = TypeVar("View", bound=msgspec.Struct)

LONGEST_STORY: Final = 500  # steps shown of one liquidation
STEP_WORDS: Final = {code: word for word, code in LIQUIDATION_STEPS.items()}


class LiquidationView(msgspec.Struct, frozen=True):
    """`instrument_id` 0: of all cross positions. `ended_at_ns` 0: it runs."""

    liquidation_id: int
    account_id: int
    instrument_id: int
    started_at_ns: int
    equity_units: int
    maintenance_units: int
    ended_at_ns: int
    ended_equity_units: int
    ended_maintenance_units: int
    step_count: int
    fee_units: int
    sequence: int
    deficit_units: int


class StepView(msgspec.Struct, frozen=True):
    """The columns of `trading.models.LiquidationStep`."""

    sequence: int
    liquidation_id: int
    instrument_id: int
    step: int
    lots: int
    equity_units: int
    maintenance_units: int
    mark_price_ticks: int
    bankruptcy_price_ticks: int
    limit_price_ticks: int
    order_id: int
    cancelled_orders: int
    filled_lots: int
    filled_tick_lots: int
    realised_pnl_units: int
    fee_units: int
    time_ns: int


class AssignmentView(msgspec.Struct, frozen=True):
    """The columns of `trading.models.Assignment`, without the number and the liquidated account."""

    sequence: int
    instrument_id: int
    counterparty_id: int
    side: int
    price_ticks: int
    quantity_lots: int
    realised_pnl_units: int
    counterparty_realised_pnl_units: int
    place: int
    rank_ppb: int


class Story(msgspec.Struct, frozen=True):
    """A liquidation with what an account may know of it. Of a stranger's these are only the steps in which the
    account's own position was closed, with these assignments."""

    liquidation: LiquidationView
    is_own: bool
    steps: list[StepView]
    assignments: dict[int, list[AssignmentView]]
    fills: dict[int, list[FillView]]


# Both halves are cut to the page, so that each follows its index.
_CONCERNING: Final = """
SELECT {columns} FROM trading_liquidation WHERE liquidation_id IN (
    (SELECT liquidation_id FROM trading_liquidation WHERE account_id = %(account_id)s
        AND liquidation_id < %(before)s ORDER BY liquidation_id DESC LIMIT %(limit)s)
    UNION
    (SELECT DISTINCT liquidation_id FROM trading_assignment WHERE counterparty_id = %(account_id)s
        AND liquidation_id < %(before)s ORDER BY liquidation_id DESC LIMIT %(limit)s))
ORDER BY liquidation_id DESC LIMIT %(limit)s
"""


def liquidations(*, account_id: int, limit: int, before_id: int | None = None) -> list[LiquidationView]:
    """The account's own, and those that deleveraged it; the latest first, those before `before_id` if given."""
    parameters = {"account_id": account_id, "before": _bound(before_id), "limit": limit}
    return _read(LiquidationView, _CONCERNING, parameters)


def story(*, account_id: int, liquidation_id: int) -> Story | None:
    """None when it does not concern the account."""
    found = liquidations(account_id=account_id, limit=1, before_id=liquidation_id + 1)
    if not found or found[0].liquidation_id != liquidation_id:
        return None
    liquidation = found[0]
    is_own = liquidation.account_id == account_id
    parameters = {
        "liquidation_id": liquidation_id,
        "counterparty_id": None if is_own else account_id,
        "limit": LONGEST_STORY,
    }
    assignments: dict[int, list[AssignmentView]] = {}
    for row in _read(AssignmentView, _ASSIGNMENTS, parameters):
        assignments.setdefault(row.sequence, []).append(row)
    steps = _read(StepView, _STEPS, {**parameters, "sequences": None if is_own else list(assignments)})
    fills = _fills(account_id, {step.order_id for step in steps}) if is_own else {}
    return Story(liquidation, is_own, steps, assignments, fills)


def closed_in_public(
    *, limit: int, instrument_id: int | None = None, before_sequence: int | None = None
) -> list[StepView]:
    """Steps that closed something, of any account, the latest first."""
    return _read(
        StepView,
        "SELECT {columns} FROM trading_liquidationstep WHERE filled_lots > 0 AND sequence < %(before)s"
        " AND (%(instrument_id)s::bigint IS NULL OR instrument_id = %(instrument_id)s)"
        " ORDER BY sequence DESC LIMIT %(limit)s",
        {"before": _bound(before_sequence), "instrument_id": instrument_id, "limit": limit},
    )


_STEPS: Final = """
SELECT {columns} FROM trading_liquidationstep WHERE liquidation_id = %(liquidation_id)s
    AND (%(sequences)s::bigint[] IS NULL OR sequence = ANY(%(sequences)s))
ORDER BY sequence LIMIT %(limit)s
"""
_ASSIGNMENTS: Final = """
SELECT {columns} FROM trading_assignment WHERE liquidation_id = %(liquidation_id)s
    AND (%(counterparty_id)s::bigint IS NULL OR counterparty_id = %(counterparty_id)s)
ORDER BY sequence, number LIMIT %(limit)s
"""


def _fills(account_id: int, order_ids: Collection[int]) -> dict[int, list[FillView]]:
    """Those of the liquidation's orders, by order."""
    fills: dict[int, list[FillView]] = {}
    for row in _read(
        FillView,
        "SELECT {columns} FROM trading_fill WHERE order_id = ANY(%(order_ids)s) AND account_id = %(account_id)s"
        " ORDER BY fill_id LIMIT %(limit)s",
        {"order_ids": sorted(order_ids), "account_id": account_id, "limit": LONGEST_STORY},
    ):
        fills.setdefault(row.order_id, []).append(row)
    return fills


def _read(kind: type[View], statement: str, parameters: dict[str, Any]) -> list[View]:
    with connection.cursor() as cursor:
        cursor.execute(statement.format(columns=", ".join(kind.__struct_fields__)), parameters)
        return [kind(*row) for row in cursor.fetchall()]


def _bound(position: int | None) -> int:
    return 2**63 - 1 if position is None else position
