"""What else belongs to an account: fills, ledger, positions, balances, its settings in the engine."""

import msgspec
from django.db import connection

from trading.models.ledger import collateral_account


class FillView(msgspec.Struct, frozen=True, array_like=True):
    """One side of a trade; `fee_units` above zero was paid."""

    fill_id: int
    trade_id: int
    order_id: int
    account_id: int
    instrument_id: int
    side: int
    is_taker: bool
    price_ticks: int
    quantity_lots: int
    fee_units: int
    realised_pnl_units: int
    time_ns: int
    sequence: int


class LedgerLine(msgspec.Struct, frozen=True, array_like=True):
    """One change of collateral: `kind` and `reference_id` as in `trading.models.Posting`."""

    posting_id: int
    kind: str
    asset: str
    amount_units: int
    balance_units: int
    reference_id: int
    time_ns: int
    sequence: int


class PositionLine(msgspec.Struct, frozen=True, array_like=True):
    """Signed `lots` and what they cost; profit, fees and funding over its life; `isolated_units` of the collateral are
    its own. Margins are the engine's to tell."""

    instrument_id: int
    lots: int
    entry_value_units: int
    realised_pnl_units: int
    fee_units: int
    updated_at_ns: int
    sequence: int
    is_isolated: bool
    isolated_units: int
    funding_units: int


class AccountSettings(msgspec.Struct, frozen=True):
    """`leverages` by instrument id, only those the account chose; `maximum_open_orders` 0: the instrument's own."""

    account_id: int
    user_id: int
    state: int
    maximum_open_orders: int
    leverages: dict[int, int]


def fills(
    *,
    account_id: int,
    limit: int,
    instrument_id: int | None = None,
    order_id: int | None = None,
    before_fill_id: int | None = None,
) -> list[FillView]:
    """Newest first; of one instrument, one order, and before `before_fill_id` if given."""
    conditions, parameters = ["account_id = %s"], [account_id]
    for condition, value in (
        ("instrument_id = %s", instrument_id),
        ("order_id = %s", order_id),
        ("fill_id < %s", before_fill_id),
    ):
        if value is not None:
            conditions.append(condition)
            parameters.append(value)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(FillView.__struct_fields__)} FROM trading_fill WHERE {' AND '.join(conditions)}"
            " ORDER BY fill_id DESC LIMIT %s",
            [*parameters, limit],
        )
        return [FillView(*row) for row in cursor.fetchall()]


def ledger_lines(*, account_id: int, limit: int, before_posting_id: int | None = None) -> list[LedgerLine]:
    """Every change of the account's collateral, newest first, those before `before_posting_id` if given."""
    bound = 2**63 - 1 if before_posting_id is None else before_posting_id
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(LedgerLine.__struct_fields__)} FROM trading_posting"
            " WHERE ledger_account = %s AND posting_id < %s ORDER BY posting_id DESC LIMIT %s",
            [collateral_account(account_id), bound, limit],
        )
        return [LedgerLine(*row) for row in cursor.fetchall()]


def positions(*, account_id: int) -> list[PositionLine]:
    """Every instrument the account ever traded, by id; flat ones have 0 lots."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(PositionLine.__struct_fields__)} FROM trading_position"
            " WHERE account_id = %s ORDER BY instrument_id",
            [account_id],
        )
        return [PositionLine(*row) for row in cursor.fetchall()]


def balance_units(*, ledger_account: str, asset: str) -> int:
    """The balance of a ledger account (see trading.models.ledger), 0 when it never moved."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT balance_units FROM trading_balance WHERE ledger_account = %s AND asset = %s",
            [ledger_account, asset],
        )
        row = cursor.fetchone()
        return row[0] if row else 0


def account_settings(*, account_id: int) -> AccountSettings | None:
    """None while the readers do not know the account."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.account_id, a.user_id, a.state, a.maximum_open_orders,"
            " ARRAY(SELECT ARRAY[instrument_id, leverage] FROM trading_accountleverage l"
            " WHERE l.account_id = a.account_id ORDER BY 1) FROM trading_engineaccount a WHERE a.account_id = %s",
            [account_id],
        )
        row = cursor.fetchone()
    return AccountSettings(*row[:4], dict(row[4])) if row else None
