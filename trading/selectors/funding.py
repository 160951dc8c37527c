"""Funding as it was paid."""

import msgspec
from django.db import connection


class FundingView(msgspec.Struct, frozen=True):
    """Longs paid shorts `rate_ppb` of their value at the index price, for the period that ended at `period_ns`."""

    period_ns: int
    rate_ppb: int
    index_price_ticks: int
    sequence: int


def funding_rates(*, instrument_id: int, limit: int, before_ns: int | None = None) -> list[FundingView]:
    """The latest period first, those that ended before `before_ns` if given."""
    bound = 2**63 - 1 if before_ns is None else before_ns
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(FundingView.__struct_fields__)} FROM trading_fundingrate"
            " WHERE instrument_id = %s AND period_ns < %s ORDER BY period_ns DESC LIMIT %s",
            [instrument_id, bound, limit],
        )
        return [FundingView(*row) for row in cursor.fetchall()]
