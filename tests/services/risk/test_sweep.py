"""The sweep of liquidations looks at every account, finds nothing as a rule, and says so when it does."""

import logging

import pytest

from risk.services import sweep
from risk.services.sweep import FOUND, sweep_all
from tests import outcomes
from tests.engine_gateway import clock, engine_gateway  # noqa: F401  (fixtures)
from trading.core.terms import INSURANCE_FUND
from trading.engine.commands import OpenAccount, SweepLiquidations
from trading.engine.risk_events import LiquidationStarted
from trading.models import EngineAccount

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ranges(engine_gateway, monkeypatch):  # noqa: F811
    monkeypatch.setattr(sweep, "ACCOUNTS_AT_ONCE", 100)
    for account_id in (1, 98, 99, 250):
        engine_gateway.execute(OpenAccount(b"", 0, account_id, account_id))
        EngineAccount.objects.create(account_id=account_id, user_id=account_id, state=1, opened_at_ns=1, sequence=1)
    return lambda: [(each.first_account_id, each.last_account_id) for each in engine_gateway.sent]


def test_every_account_is_in_one_range(ranges, engine_gateway):  # noqa: F811
    assert sweep_all() == 0
    assert ranges() == [(INSURANCE_FUND, 98), (99, 198), (199, 298)]
    assert {type(command) for command in engine_gateway.sent} == {SweepLiquidations}


def test_with_the_engine_away_it_ends(ranges, engine_gateway):  # noqa: F811
    engine_gateway.faults = [None, "away"]
    assert sweep_all() == 0
    assert len(ranges()) == 1


def test_what_it_finds_is_logged_and_counted(ranges, engine_gateway, monkeypatch, caplog):  # noqa: F811
    """An engine whose prices overlook an account."""
    honest = outcomes.execute

    def overlooking(engine, command, time_ns):
        records, answer = honest(engine, command, time_ns)
        answer.events.append(LiquidationStarted(64, 1, 0, 5, 6))
        return records, answer

    monkeypatch.setattr(outcomes, "execute", overlooking)
    before = FOUND._value.get()
    with caplog.at_level(logging.WARNING):
        assert sweep_all() == 3
    assert FOUND._value.get() == before + 3
    assert "started 3 liquidations" in caplog.text
