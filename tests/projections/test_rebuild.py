"""Rows do not depend on batches, restarts or on being made live or anew; and they say what the engine says."""

import pytest
from django.db import connection

from tests.projections.streams import RandomExchange, write_journal
from trading.projections.projector import Projector, rebuild
from trading.projections.registry import PROJECTIONS

pytestmark = pytest.mark.django_db(transaction=True)


def all_rows() -> dict[str, list[tuple]]:
    with connection.cursor() as cursor:
        return {
            table.name: sorted(table.read(cursor), key=repr)
            for projection in PROJECTIONS
            for table in projection.tables
        }


def catch_up(projector: Projector) -> None:
    while projector.step():
        pass


def cursors() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sequence FROM trading_projectioncursor")
        return dict(cursor.fetchall())


@pytest.mark.parametrize("seed", [1, 2, 3])
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
