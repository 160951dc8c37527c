"""The ledger invariants, asked of the rows in SQL: the readers' tables, the journal and the wallets.

All queries see one moment at which every reader of the journal stands at the same record.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from django.db import connection, transaction

from trading.core.terms import ORDER_NEW, ORDER_PARTIALLY_FILLED
from trading.models import ProjectionCursor

PAUSE_S: Final = 0.05
FORGOTTEN_AFTER_NS: Final = 24 * 3600 * 10**9
REMEMBERED_CLOSED_ORDERS: Final = 10_000


class Finding(NamedTuple):
    """One invariant with how often it is broken; 0: it holds."""

    id: str
    sentence: str
    violations: int


class Check(NamedTuple):
    """`count_sql` selects the number of violations."""

    id: str
    sentence: str
    count_sql: str


class ReadersBehind(Exception):
    """The readers did not come to stand at one record in time."""


def reconcile(*, minimum_sequence: int = 0, patience_s: float = 30.0) -> list[Finding]:
    """Every invariant, in the order of their ids, once all readers stand at one record ≥ `minimum_sequence`.

    Raises ReadersBehind when for `patience_s` none of them moves and they still do not.
    """
    with _common_moment(minimum_sequence, patience_s):
        return check_rows()


def check_rows() -> list[Finding]:
    """Every invariant as the caller's transaction sees the rows. The readers must stand at one record."""
    findings = []
    with connection.cursor() as cursor:
        for check in CHECKS:
            cursor.execute(check.count_sql)
            findings.append(Finding(check.id, check.sentence, cursor.fetchone()[0]))
    return findings


@contextmanager
def _common_moment(minimum_sequence: int, patience_s: float) -> Iterator[None]:
    last, moved_at = None, time.monotonic()
    while True:
        with transaction.atomic(durable=True):
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            sequences = dict(ProjectionCursor.objects.order_by("name").values_list("name", "sequence"))
            if len(set(sequences.values())) <= 1 and min(sequences.values(), default=0) >= minimum_sequence:
                yield
                return
        if sequences != last:
            last, moved_at = sequences, time.monotonic()
        elif time.monotonic() - moved_at > patience_s:
            raise ReadersBehind(
                f"The readers stand still before record {minimum_sequence} ({_named(sequences)}): "
                "is `manage.py runprojections` running?"
            )
        time.sleep(PAUSE_S)


def _named(sequences: dict[str, int]) -> str:
    return ", ".join(f"{name} at {sequence}" for name, sequence in sequences.items()) or "none ever ran"


RESTING: Final = f"status IN ({ORDER_NEW}, {ORDER_PARTIALLY_FILLED})"

CHECKS: Final = (
    Check(
        "I1-trading",
        "every entry of the engine's ledger sums to zero per asset",
        """SELECT count(*) FROM (
             SELECT FROM trading_posting GROUP BY entry_id, asset HAVING sum(amount_units) <> 0) AS entry""",
    ),
    Check(
        "I1-wallets",
        "every entry of the wallets sums to zero per asset",
        """SELECT count(*) FROM (
             SELECT FROM wallets_posting JOIN wallets_ledgeraccount AS account ON account.id = account_id
             GROUP BY entry_id, asset HAVING sum(amount_units) <> 0) AS entry""",
    ),
    Check(
        "I2-trading",
        "all balances of the engine's ledger sum to zero per asset",
        """SELECT count(*) FROM (
             SELECT FROM trading_balance GROUP BY asset HAVING sum(balance_units) <> 0) AS asset""",
    ),
    Check(
        "I2-trading-postings",
        "every balance of the engine's ledger is the sum of its postings",
        """SELECT count(*) FROM trading_balance FULL JOIN (
             SELECT ledger_account, asset, sum(amount_units) AS units FROM trading_posting
             GROUP BY ledger_account, asset) AS posted USING (ledger_account, asset)
           WHERE coalesce(balance_units, 0) <> coalesce(units, 0)""",
    ),
    Check(
        "I2-wallets",
        "all balances of the wallets sum to zero per asset",
        """SELECT count(*) FROM (
             SELECT FROM wallets_ledgeraccount GROUP BY asset HAVING sum(balance_units) <> 0) AS asset""",
    ),
    Check(
        "I2-wallets-postings",
        "every balance of the wallets is the sum of its postings",
        """SELECT count(*) FROM wallets_ledgeraccount AS account LEFT JOIN (
             SELECT account_id, sum(amount_units) AS units FROM wallets_posting GROUP BY account_id) AS posted
           ON account_id = account.id WHERE balance_units <> coalesce(units, 0)""",
    ),
    Check(
        "I2-transfers",
        "the engine made every transfer the wallets count as done, and no other",
        """SELECT count(*) FROM (
             SELECT reference_id AS id, asset, -amount_units AS units FROM trading_posting
             WHERE ledger_account = 'wallets') AS made FULL JOIN (
             SELECT id, asset, amount_units AS units, state, sequence FROM trading_transfer
             WHERE state IN ('pending', 'accepted')) AS asked USING (id)
           WHERE (made.asset, made.units) IS DISTINCT FROM (asked.asset, asked.units)
             AND (made.units IS NOT NULL OR state = 'accepted'
               AND sequence <= (SELECT min(sequence) FROM trading_projectioncursor))""",
    ),
    Check(
        "I2-collateral",
        "the wallets' collateral is the sum of transfers done, their transit that of deposits under way",
        """SELECT count(*) FROM (
             SELECT kind, asset, balance_units FROM wallets_ledgeraccount WHERE kind IN ('collateral', 'transit'))
             AS held FULL JOIN (
             SELECT CASE state WHEN 'accepted' THEN 'collateral' ELSE 'transit' END AS kind, asset,
               sum(amount_units) AS units
             FROM trading_transfer WHERE state = 'accepted' OR state = 'pending' AND amount_units > 0
             GROUP BY 1, asset) AS transferred USING (kind, asset)
           WHERE coalesce(balance_units, 0) <> coalesce(units, 0)""",
    ),
    Check(
        "I4",
        "the signed positions of every instrument sum to zero",
        """SELECT count(*) FROM (
             SELECT FROM trading_position GROUP BY instrument_id HAVING sum(lots) <> 0) AS instrument""",
    ),
    Check(
        "I5",
        "every trade has two equal sides, a maker's and a taker's",
        """SELECT count(*) FROM trading_trade AS trade FULL JOIN (
             SELECT trade_id, count(*) AS fills, count(*) FILTER (WHERE is_taker) AS takers,
               sum(side * quantity_lots) AS net_lots, sum(side) FILTER (WHERE is_taker) AS taker_side,
               min(quantity_lots) AS lots, min(price_ticks) AS lowest_ticks, max(price_ticks) AS highest_ticks
             FROM trading_fill GROUP BY trade_id) AS sides USING (trade_id)
           WHERE (fills, takers, net_lots, sides.taker_side, lots, lowest_ticks, highest_ticks) IS DISTINCT FROM
             (2, 1, 0, trade.taker_side, quantity_lots, price_ticks, price_ticks)""",
    ),
    Check(
        "I6-fees",
        "the fee account holds the fees of all fills, dust none",
        """SELECT count(*) FROM (SELECT sum(balance_units) AS units FROM trading_balance WHERE ledger_account = 'fees')
             AS held, (SELECT sum(fee_units) AS units FROM trading_fill) AS paid
           WHERE coalesce(held.units, 0) <> coalesce(paid.units, 0)""",
    ),
    Check(
        "I6-profit",
        "what the positions of an instrument cost is what it paid out as profit",
        """SELECT count(*) FROM (
             SELECT 'position_cost:' || instrument_id AS ledger_account, sum(entry_value_units) AS cost_units
             FROM trading_position GROUP BY instrument_id) AS held FULL JOIN (
             SELECT ledger_account, balance_units FROM trading_balance
             WHERE ledger_account LIKE 'position\\_cost:%') AS paid USING (ledger_account)
           WHERE coalesce(cost_units, 0) + coalesce(balance_units, 0) <> 0""",
    ),
    Check(
        "I6-positions",
        "lots, profit and fees of every position are those of its fills and of what passed to it or from it",
        """SELECT count(*) FROM trading_position AS position FULL JOIN (
             SELECT account_id, instrument_id, sum(side * quantity_lots) AS lots,
               sum(realised_pnl_units) AS realised_pnl_units, sum(fee_units) AS fee_units
             FROM (SELECT account_id, instrument_id, side, quantity_lots, realised_pnl_units, fee_units
               FROM trading_fill UNION ALL
               SELECT account_id, instrument_id, side, quantity_lots, realised_pnl_units, 0
               FROM trading_assignment UNION ALL
               SELECT counterparty_id, instrument_id, -side, quantity_lots, counterparty_realised_pnl_units, 0
               FROM trading_assignment) AS change GROUP BY account_id, instrument_id) AS changed
             USING (account_id, instrument_id)
           WHERE position.lots IS NULL OR (position.lots, position.realised_pnl_units, position.fee_units)
             IS DISTINCT FROM (coalesce(changed.lots, 0), coalesce(changed.realised_pnl_units, 0),
               coalesce(changed.fee_units, 0))""",
    ),
    Check(
        "I6-funding",
        "the funding pool holds what positions paid, which with what they still owe is not below zero",
        """SELECT count(*) FROM (SELECT coalesce(sum(balance_units), 0) AS units FROM trading_balance
               WHERE ledger_account = 'funding') AS pool,
             (SELECT coalesce(sum(funding_units), 0) AS units FROM trading_position) AS paid,
             (SELECT coalesce(sum(lots * (total.funding_index - position.funding_index)), 0) AS scaled
               FROM trading_position AS position JOIN trading_fundingindex AS total USING (instrument_id)) AS owed
           WHERE pool.units <> paid.units OR pool.units * 1000000000 + owed.scaled < 0""",
    ),
    Check(
        "I6-fund",
        "every liquidation paid the insurance fund what its fees say",
        """SELECT count(*) FROM trading_liquidation FULL JOIN (
             SELECT reference_id AS liquidation_id, sum(amount_units) AS units FROM trading_posting
             WHERE kind = 'liquidation_fee' AND ledger_account = 'collateral:-1' GROUP BY reference_id) AS paid
             USING (liquidation_id)
           WHERE fee_units IS DISTINCT FROM coalesce(units, 0)""",
    ),
    Check(
        "I10-levels",
        "every level of the book is the sum of what the orders that rest there show",
        f"""SELECT count(*) FROM trading_depthlevel FULL JOIN (
             SELECT instrument_id, side, price_ticks, sum(open_lots - hidden_lots) AS lots FROM trading_order
             WHERE {RESTING} GROUP BY instrument_id, side, price_ticks) AS resting
             USING (instrument_id, side, price_ticks)
           WHERE quantity_lots IS DISTINCT FROM lots""",
    ),
    Check(
        "I10-crossed",
        "no resting book is crossed",
        f"""SELECT count(*) FROM (
             SELECT FROM trading_order WHERE {RESTING} GROUP BY instrument_id
             HAVING max(price_ticks) FILTER (WHERE side = 1) >= min(price_ticks) FILTER (WHERE side = -1)) AS book""",
    ),
    Check(
        "I11",
        "filled, open and cancelled lots of every order are its quantity",
        "SELECT count(*) FROM trading_order WHERE filled_lots + open_lots + cancelled_lots <> quantity_lots",
    ),
    Check(
        "I11-fills",
        "what every order filled is the sum of its fills",
        """SELECT count(*) FROM trading_order AS placed FULL JOIN (
             SELECT order_id, sum(quantity_lots) AS lots, sum(price_ticks * quantity_lots) AS tick_lots
             FROM trading_fill GROUP BY order_id) AS filled USING (order_id)
           WHERE placed.quantity_lots IS NULL
             OR (filled_lots, filled_tick_lots) IS DISTINCT FROM (coalesce(lots, 0), coalesce(tick_lots, 0))""",
    ),
    Check(
        "I13-gapless",
        "the journal's sequences have no gap and end where the lease says",
        """SELECT count(*) FROM (
             SELECT domain, first_sequence - coalesce(lag(last_sequence) OVER journal, 0) AS distance
             FROM trading_journal WINDOW journal AS (PARTITION BY domain ORDER BY last_sequence)
             UNION ALL
             SELECT domain, 1 + last_sequence - coalesce(
               (SELECT max(last_sequence) FROM trading_journal WHERE domain = lease.domain), 0)
             FROM trading_engine_lease AS lease) AS step WHERE distance <> 1""",
    ),
    Check(
        "I13-chain",
        "every row of the journal is chained to the one before by its hash",
        """SELECT count(*) FROM (
             SELECT hash, previous_hash, coalesce(lag(hash) OVER journal, decode(repeat('00', 32), 'hex')) AS before,
               sha256(previous_hash || int8send(domain::bigint) || int8send(first_sequence) || int8send(last_sequence)
                 || int8send(epoch) || int8send(time_ns) || int4send(format) || int4send(logic_version) || payload)
                 AS expected
             FROM trading_journal WINDOW journal AS (PARTITION BY domain ORDER BY last_sequence)) AS link
           WHERE previous_hash <> before OR hash <> expected""",
    ),
    Check(
        "I14",
        "no client order id is used twice by an account within its window",
        f"""SELECT count(*) FROM (
             SELECT account_id, created_at_ns, lag(order_id) OVER same AS previous_id,
               lag(open_lots) OVER same AS previous_open_lots, lag(updated_at_ns) OVER same AS closed_at_ns
             FROM trading_order WHERE client_order_id <> ''
             WINDOW same AS (PARTITION BY account_id, client_order_id ORDER BY order_id)) AS again
           WHERE previous_id IS NOT NULL AND (previous_open_lots > 0
             OR created_at_ns - closed_at_ns < {FORGOTTEN_AFTER_NS} AND {REMEMBERED_CLOSED_ORDERS} > (
               SELECT count(*) FROM trading_order AS younger WHERE younger.account_id = again.account_id
                 AND younger.client_order_id <> '' AND younger.open_lots = 0
                 AND younger.updated_at_ns BETWEEN again.closed_at_ns AND again.created_at_ns))""",
    ),
    Check(
        "I25",
        "no order, fill or posting is younger than the journal",
        """SELECT count(*) FROM (
             SELECT sequence FROM trading_order UNION ALL SELECT sequence FROM trading_fill
             UNION ALL SELECT sequence FROM trading_posting) AS told
           WHERE sequence > coalesce((SELECT max(last_sequence) FROM trading_journal), 0)""",
    ),
)
