"""Reads: newest first, page by page, and never another account's rows."""

import threading
import time

import pytest
from django.db import connection

from exchange.contract.errors import ApiError
from tests.projections.streams import ACCOUNTS, RandomExchange, write_journal
from trading.models import Fill, Order, Posting, ProjectionCursor
from trading.projections.projector import Projector
from trading.projections.registry import PROJECTIONS
from trading.selectors import accounts, instruments, market, orders
from trading.selectors.sequences import journal_head, projection_sequence, wait_for_sequence

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def exchange():
    instruments.forget_instruments()
    exchange = RandomExchange(7)
    exchange.run(900)
    write_journal(exchange.records)
    projector = Projector(PROJECTIONS)
    while projector.step():
        pass
    return exchange


def pages(read, position_of):
    """All rows, four a page, following the positions."""
    rows, position = [], None
    while page := read(position):
        rows += page
        position = position_of(page[-1])
    return rows


def test_orders_by_page_are_the_accounts_own(exchange):
    for account_id in ACCOUNTS:
        mine = Order.objects.filter(account_id=account_id).order_by("-order_id")
        for is_open, expected in (
            (True, mine.filter(open_lots__gt=0)),
            (False, mine.filter(open_lots=0)),
            (None, mine),
        ):
            rows = pages(
                lambda before, is_open=is_open, account_id=account_id: orders.orders(
                    account_id=account_id, is_open=is_open, limit=4, before_order_id=before
                ),
                lambda row: row.order_id,
            )
            assert [row.order_id for row in rows] == [row.order_id for row in expected]
            second = orders.orders(account_id=account_id, is_open=is_open, limit=500, instrument_id=2)
            assert second == [row for row in rows if row.instrument_id == 2]


def test_an_order_is_found_by_its_owner_alone(exchange):
    row = Order.objects.exclude(client_order_id="").first()
    found = orders.order(account_id=row.account_id, order_id=row.order_id)
    assert found.order_id == row.order_id
    assert orders.order_by_client_id(account_id=row.account_id, client_order_id=row.client_order_id) == found
    stranger = row.account_id % len(ACCOUNTS) + 1
    assert orders.order(account_id=stranger, order_id=row.order_id) is None
    assert orders.order_by_client_id(account_id=stranger, client_order_id=row.client_order_id) is None
    assert orders.order_by_client_id(account_id=row.account_id, client_order_id="") is None


def test_the_latest_order_of_a_client_id_is_found(exchange):
    row = Order.objects.exclude(client_order_id="").first()
    Order.objects.filter(order_id=row.order_id).update(order_id=2**52)
    Order.objects.bulk_create([row])
    found = orders.order_by_client_id(account_id=row.account_id, client_order_id=row.client_order_id)
    assert found.order_id == 2**52


def test_fills_and_ledger_by_page_are_the_accounts_own(exchange):
    assert Fill.objects.count() > 100
    for account_id in ACCOUNTS:
        rows = pages(
            lambda before, account_id=account_id: accounts.fills(account_id=account_id, limit=4, before_fill_id=before),
            lambda row: row.fill_id,
        )
        mine = Fill.objects.filter(account_id=account_id).order_by("-fill_id")
        assert [row.fill_id for row in rows] == [row.fill_id for row in mine]
        order_id = rows[0].order_id
        assert accounts.fills(account_id=account_id, limit=500, order_id=order_id) == [
            row for row in rows if row.order_id == order_id
        ]
        lines = pages(
            lambda before, account_id=account_id: accounts.ledger_lines(
                account_id=account_id, limit=4, before_posting_id=before
            ),
            lambda row: row.posting_id,
        )
        assert sum(line.amount_units for line in lines) == lines[0].balance_units
        assert len(lines) == Posting.objects.filter(ledger_account=f"collateral:{account_id}").count()


def test_fills_of_an_order_belong_to_its_account(exchange):
    fill = Fill.objects.first()
    stranger = fill.account_id % len(ACCOUNTS) + 1
    assert accounts.fills(account_id=stranger, limit=10, order_id=fill.order_id) == []


def test_positions_and_settings(exchange):
    state = exchange.engine.state
    for account_id in ACCOUNTS:
        for line in accounts.positions(account_id=account_id):
            assert line.lots == state.accounts[account_id].positions[line.instrument_id].lots
        settings = accounts.account_settings(account_id=account_id)
        account = state.accounts[account_id]
        assert (settings.user_id, settings.state) == (account.user_id, account.state)
        assert settings.maximum_open_orders == account.maximum_open_orders
        chosen = {number: position.leverage for number, position in account.positions.items() if position.leverage}
        assert settings.leverages == chosen
    assert accounts.account_settings(account_id=999) is None


def test_trades_and_candles_by_page(exchange):
    rows = pages(
        lambda before: market.trades(instrument_id=1, limit=4, before_trade_id=before), lambda row: row.trade_id
    )
    assert [row.trade_id for row in rows] == sorted((row.trade_id for row in rows), reverse=True)
    candles = pages(lambda before: market.candles(instrument_id=1, limit=4, before_ns=before), lambda row: row.start_ns)
    assert sum(candle.trade_count for candle in candles) == len(rows)
    since_ns = candles[5].start_ns
    assert market.candles(instrument_id=1, limit=500, since_ns=since_ns) == candles[:6]


def test_a_ticker_covers_one_day(exchange):
    candles = market.candles(instrument_id=1, limit=10_000)
    now_ns = candles[3].start_ns + market.DAY_NS
    ticker = market.ticker(now_ns=now_ns, instrument_id=1)
    assert ticker.trade_count == sum(candle.trade_count for candle in candles[:3])
    assert (ticker.open_ticks, ticker.volume_lots) == (
        candles[2].open_ticks,
        sum(candle.volume_lots for candle in candles[:3]),
    )
    quiet = market.ticker(now_ns=now_ns + market.DAY_NS, instrument_id=1)
    assert (quiet.trade_count, quiet.open_ticks, quiet.last_price_ticks) == (0, 0, ticker.last_price_ticks)
    assert [row.instrument_id for row in market.tickers(now_ns=now_ns)] == [1, 2]
    assert market.ticker(now_ns=now_ns, instrument_id=3) is None


def test_a_shallow_book_is_the_top_of_the_deep_one(exchange):
    deep, shallow = market.book(instrument_id=1, depth=1000), market.book(instrument_id=1, depth=2)
    assert (shallow.bids, shallow.asks) == (deep.bids[:2], deep.asks[:2])
    assert deep.bids[0] > deep.bids[1] and deep.asks[0] < deep.asks[1] and deep.bids[0] < deep.asks[0]
    empty = market.book(instrument_id=99, depth=5)
    assert (empty.bids, empty.asks) == ([], [])


def test_an_instrument_is_found_by_symbol(exchange):
    assert [view.terms.symbol for view in instruments.list_instruments()] == ["T1-PERP", "T2-PERP"]
    assert instruments.instrument_by_symbol(symbol="T2-PERP").terms.instrument_id == 2
    with pytest.raises(ApiError) as refusal:
        instruments.instrument_by_symbol(symbol="T3-PERP")
    assert refusal.value.code == "instrument_not_found"


def test_waiting_ends_when_the_rows_are_there_or_time_is_up(exchange):
    head = journal_head()
    assert head == projection_sequence(name="orders") == exchange.engine.state.sequence
    assert wait_for_sequence(name="orders", sequence=head, timeout_s=0) == head
    assert wait_for_sequence(name="orders", sequence=head + 1, timeout_s=0.03) == head
    assert projection_sequence(name="unknown") == 0

    def move_on():
        time.sleep(0.1)
        ProjectionCursor.objects.filter(name="orders").update(sequence=head + 1)
        connection.close()

    mover = threading.Thread(target=move_on)
    mover.start()
    assert wait_for_sequence(name="orders", sequence=head + 1, timeout_s=5) == head + 1
    mover.join()
