"""Rows do not depend on batches, restarts or on being made live or anew; and they say what the engine says."""

import pytest
from django.db import IntegrityError, connection
from django.db.models import Sum
from msgspec.structs import replace

from tests.projections.streams import RandomExchange, write_journal
from trading.core import terms
from trading.core.orders import NOT_SPECIAL
from trading.models import Balance, Candle, Liquidation, Order, Position, Posting, Trade
from trading.models.market import INTERVALS_S, SECOND_NS
from trading.projections.changes import POSITIONS
from trading.projections.projector import Projector, rebuild
from trading.projections.registry import PROJECTIONS
from trading.selectors import accounts as account_rows
from trading.selectors import instruments, market, orders
from trading.services.reconciliation import check_rows

pytestmark = pytest.mark.django_db(transaction=True)

KEPT = (
    "open_lots",
    "filled_lots",
    "hidden_lots",
    "price_ticks",
    "quantity_lots",
    "display_lots",
    "parent_order_id",
    "group_id",
    "is_quote",
    "sequence",
)

OF_WALLETS = ("I2-transfers", "I2-collateral", "I13-chain")  # no wallets here, and no hashes

REASONS = {
    terms.CANCEL_PARENT,
    terms.CANCEL_GROUP,
    terms.CANCEL_REQUOTED,
    terms.CANCEL_MARKET_MAKER_PROTECTION,
}


@pytest.fixture(autouse=True)
def no_kept_instruments():
    instruments.forget_instruments()


def all_rows() -> dict[str, list[tuple]]:
    """Of every projection, and the position of each stream."""
    tables = [POSITIONS, *(table for projection in PROJECTIONS for table in projection.tables)]
    with connection.cursor() as cursor:
        return {table.name: sorted(table.read(cursor), key=repr) for table in tables}


def catch_up(projector: Projector) -> None:
    while projector.step():
        pass


def cursors() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sequence FROM trading_projectioncursor")
        return dict(cursor.fetchall())


@pytest.mark.parametrize("seed", [4, 9, 11])  # all of them deleverage
def test_live_rows_equal_rebuilt_rows(seed):
    exchange = RandomExchange(seed)
    for part in range(6):
        write_journal(exchange.run(300) if part else exchange.records, seed=part)
        projector = Projector(PROJECTIONS, batch_records=(1, 7, 50, 400)[(part + seed) % 4])
        catch_up(projector)
    live = all_rows()
    assert set(cursors().values()) == {exchange.engine.state.sequence}
    assert all(live.values()), "every table has something to compare"
    for number, projection in enumerate(PROJECTIONS):
        rebuild(projection(), batch_records=(13, 500, 10_000)[number % 3])
    assert all_rows() == live


def test_rows_say_what_the_engine_says():
    exchange = RandomExchange(4)
    exchange.run(2500)
    write_journal(exchange.records)
    catch_up(Projector(PROJECTIONS))
    state = exchange.engine.state

    shown = {outcome.order.order_id: outcome.order for outcome in exchange.outcomes if outcome.order}
    unchanged = 0
    for view in shown.values():
        row = orders.order(account_id=view.account_id, order_id=view.order_id)
        if row.sequence == view.sequence:
            assert row == replace(view, group_id=row.group_id)  # a group may have begun with it since
            unchanged += 1
    assert unchanged > 300
    kept = {order.order_id: order for account in state.accounts.values() for order in account.orders.values()}
    assert {row.order_id for row in Order.objects.filter(open_lots__gt=0)} == set(kept)
    for row in Order.objects.filter(open_lots__gt=0):
        order = kept[row.order_id]
        kept_values = [getattr(order if hasattr(order, name) else order.special or NOT_SPECIAL, name) for name in KEPT]
        assert [getattr(row, name) for name in KEPT] == kept_values
    assert set(Order.objects.values_list("cancel_reason", flat=True)) >= REASONS
    for kind in ("display_lots", "hidden_lots", "parent_order_id", "group_id", "is_quote"):
        assert Order.objects.filter(**{f"{kind}__gt": 0}).count() > 3, kind

    broken = [finding.id for finding in check_rows() if finding.violations and finding.id not in OF_WALLETS]
    assert broken == []

    held = {
        (account.account_id, instrument_id): (position.lots, position.entry_value_units, position.funding_index)
        for account in state.accounts.values()
        for instrument_id, position in account.positions.items()
        if position.lots
    }
    positions = {(row.account_id, row.instrument_id): row for row in Position.objects.all()}
    kept_rows = {key: (row.lots, row.entry_value_units, row.funding_index) for key, row in positions.items()}
    assert {key: row for key, row in kept_rows.items() if row[0]} == held
    isolated = {
        (account.account_id, instrument_id): position.isolated_units
        for account in state.accounts.values()
        for instrument_id, position in account.positions.items()
        if position.isolated_units is not None
    }
    assert isolated == {key: row.isolated_units for key, row in positions.items() if row.is_isolated} != {}
    running = {row.liquidation_id for row in Liquidation.objects.filter(ended_at_ns=0)}
    assert running == {each for account in state.accounts.values() for each in (account.liquidations or {}).values()}

    for account in state.accounts.values():
        units = account_rows.balance_units(ledger_account=f"collateral:{account.account_id}", asset="USDT")
        assert units == account.collateral_units
    assert account_rows.balance_units(ledger_account="fees", asset="USDT") == state.fees_units["USDT"]
    assert account_rows.balance_units(ledger_account="funding", asset="USDT") == state.funding_units["USDT"]
    assert account_rows.balance_units(ledger_account="wallets", asset="USDT") == -state.transferred_units["USDT"]
    assert Balance.objects.aggregate(total=Sum("balance_units"))["total"] == 0

    for instrument in state.instruments.values():
        book = market.book(instrument_id=instrument.instrument_id, depth=10_000)
        assert book.sequence == state.sequence
        assert book.bids == levels(kept, instrument.instrument_id, terms.BUY)
        assert book.asks == levels(kept, instrument.instrument_id, terms.SELL)
        view = instruments.instrument_by_id(instrument_id=instrument.instrument_id)
        for name in ("terms", "parameters", "state", "own_state", "mark_price_ticks", "index_price_ticks"):
            assert getattr(view, name) == getattr(instrument, name), name
        assert (view.funded_period_ns, view.resume_at_ns) == (instrument.funded_until_ns, instrument.resume_at_ns)
        ticker = market.ticker(now_ns=exchange.time_ns, instrument_id=instrument.instrument_id)
        longs = sum(lots for (_, number), (lots, *_) in held.items() if number == instrument.instrument_id and lots > 0)
        assert (ticker.open_interest_lots, ticker.last_price_ticks) == (longs, instrument.last_price_ticks)
        assert ticker.best_bid_ticks == instrument.book.bids.best_price_ticks()
        assert ticker.best_ask_ticks == instrument.book.asks.best_price_ticks()


def levels(kept, instrument_id, side):
    lots = {}
    for order in kept.values():
        special = order.special or NOT_SPECIAL
        is_here = order.position.instrument.instrument_id == instrument_id and order.side == side
        if is_here and not special.is_untriggered:
            lots[order.price_ticks] = lots.get(order.price_ticks, 0) + order.open_lots - special.hidden_lots
    return sorted(lots.items(), reverse=side == terms.BUY)


def test_candles_are_the_trades_of_their_interval():
    exchange = RandomExchange(7)
    exchange.run(1200)
    write_journal(exchange.records)
    catch_up(Projector(PROJECTIONS))
    intervals = {}
    for row in Trade.objects.order_by("trade_id"):
        for interval_s in INTERVALS_S.values():
            start_ns = row.time_ns - row.time_ns % (interval_s * SECOND_NS)
            intervals.setdefault((row.instrument_id, interval_s, start_ns), []).append(row)
    assert Candle.objects.count() == len(intervals) > 40
    for candle in Candle.objects.all():
        trades = intervals[candle.instrument_id, candle.interval_s, candle.start_ns]
        prices = [trade.price_ticks for trade in trades]
        assert (candle.open_ticks, candle.close_ticks) == (prices[0], prices[-1])
        assert (candle.high_ticks, candle.low_ticks) == (max(prices), min(prices))
        assert candle.volume_lots == sum(trade.quantity_lots for trade in trades)
        assert candle.turnover_tick_lots == sum(trade.price_ticks * trade.quantity_lots for trade in trades)
        assert candle.trade_count == len(trades)


def test_entries_that_do_not_sum_to_zero_are_refused():
    line = {"entry_id": 1, "kind": "transfer", "asset": "USDT", "balance_units": 5, "reference_id": 1, "time_ns": 1}
    lines = [
        Posting(posting_id=number, ledger_account=account, amount_units=units, sequence=1, **line)
        for number, (account, units) in enumerate((("collateral:1", 5), ("wallets", -4)), start=1)
    ]
    with pytest.raises(IntegrityError, match="sum to zero"):
        Posting.objects.bulk_create(lines)
    assert not Posting.objects.exists()


def test_a_gap_in_the_journal_is_refused():
    exchange = RandomExchange(6)
    write_journal(exchange.records)
    catch_up(Projector(PROJECTIONS))
    reached = cursors()
    more = exchange.run(20)
    write_journal(more[1:])
    with pytest.raises(ValueError, match="belongs"):
        catch_up(Projector(PROJECTIONS))
    assert cursors() == reached
