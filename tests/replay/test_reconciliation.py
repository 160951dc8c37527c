"""The invariants in SQL: all hold on the rows of a replay, and each notices the fault it is there for."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from exchange.contract.errors import ApiError
from trading.models.requests import Transfer
from trading.services import collateral
from trading.services.reconciliation import CHECKS, ReadersBehind, check_rows, reconcile

FAULTS = {
    "I1-trading": "UPDATE trading_posting SET amount_units = amount_units + 1 WHERE posting_id = 1",
    "I1-wallets": "UPDATE wallets_posting SET amount_units = amount_units + 1"
    " WHERE id = (SELECT min(id) FROM wallets_posting)",
    "I2-trading": "UPDATE trading_balance SET balance_units = balance_units + 1 WHERE ledger_account = 'fees'",
    "I2-trading-postings": "DELETE FROM trading_balance WHERE ledger_account = 'fees'",
    "I2-wallets": "UPDATE wallets_ledgeraccount SET balance_units = balance_units + 1 WHERE kind = 'equity'",
    "I2-wallets-postings": "UPDATE wallets_ledgeraccount SET balance_units = 1 WHERE kind = 'collateral'",
    "I2-transfers": "UPDATE trading_transfer SET state = 'refused', sequence = NULL"
    " WHERE id = (SELECT min(id) FROM trading_transfer)",
    "I2-collateral": "UPDATE trading_transfer SET amount_units = amount_units + 1"
    " WHERE id = (SELECT min(id) FROM trading_transfer)",
    "I4": "UPDATE trading_position SET lots = lots + 1 WHERE lots > 0",
    "I5": "UPDATE trading_fill SET side = -side WHERE fill_id = (SELECT max(fill_id) FROM trading_fill)",
    "I6-fees": "UPDATE trading_fill SET fee_units = fee_units + 1 WHERE is_taker",
    "I6-profit": "UPDATE trading_position SET entry_value_units = entry_value_units + 1 WHERE lots > 0",
    "I6-positions": "UPDATE trading_position SET fee_units = fee_units + 1",
    "I6-funding": "UPDATE trading_position SET funding_units = funding_units + 1 WHERE lots > 0",
    "I6-fund": "UPDATE trading_posting SET kind = 'liquidation_fee', ledger_account = 'collateral:-1'"
    " WHERE posting_id = 1",
    "I10-levels": "UPDATE trading_depthlevel SET quantity_lots = quantity_lots + 1 WHERE side = 1",
    "I10-crossed": "UPDATE trading_order SET price_ticks = 9000000 WHERE side = 1 AND open_lots > 0",
    "I11": "UPDATE trading_order SET cancelled_lots = cancelled_lots + 1",
    "I11-fills": "DELETE FROM trading_fill WHERE fill_id = (SELECT max(fill_id) FROM trading_fill)",
    "I13-gapless": "DELETE FROM trading_journal WHERE last_sequence = (SELECT max(last_sequence) FROM trading_journal)",
    "I13-chain": "UPDATE trading_journal SET payload = payload || '\\x00' WHERE first_sequence = 9",
    "I14": "UPDATE trading_order SET client_order_id = 'same' WHERE client_order_id <> '' AND open_lots > 0",
    "I25": "UPDATE trading_order SET sequence = 1000000000 WHERE open_lots > 0",
}
GUARDED = ("trading_posting", "trading_journal", "wallets_posting", "wallets_entry")
CONSTRAINTS = (("trading_order", "order_lots_add_up"), ("trading_order", "order_open_or_closed"))


def test_each_invariant_holds_after_a_replay_and_notices_its_fault(engine_gateway, readers, recording):
    call_command("replay", str(recording), stdout=StringIO())
    assert set(FAULTS) == {check.id for check in CHECKS}
    for name, fault in FAULTS.items():
        with transaction.atomic():
            assert violated() == []
            _break(fault)
            assert name in violated(), name
            transaction.set_rollback(True)


def violated():
    return [finding.id for finding in check_rows() if finding.violations]


def _break(fault):
    """With the triggers and constraints off that would not even let it happen."""
    with connection.cursor() as cursor:
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for table, constraint in CONSTRAINTS:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
        cursor.execute(fault)
        assert cursor.rowcount > 0, fault


def test_a_deposit_whose_outcome_is_unknown_breaks_nothing(engine_gateway, readers, recording):
    call_command("replay", str(recording), stdout=StringIO(), messages=10)
    account_id = Transfer.objects.values_list("account_id", flat=True).first()
    engine_gateway.faults = ["silent"]
    with pytest.raises(ApiError, match="outcome_unknown"):
        collateral.transfer(account_id=account_id, asset="USDT", amount_units=-5, idempotency_key="out")
    findings = reconcile(minimum_sequence=engine_gateway.engine.state.sequence)
    assert [finding.id for finding in findings if finding.violations] == []


def test_reconcile_prints_every_invariant(engine_gateway, readers, recording):
    call_command("replay", str(recording), stdout=StringIO(), messages=10)
    output = StringIO()
    call_command("reconcile", stdout=output)
    assert len(output.getvalue().splitlines()) == len(CHECKS)
    assert output.getvalue().count(" ok ") == len(CHECKS)


def test_readers_that_do_not_come_are_told_in_one_sentence(engine_gateway, monkeypatch):
    with pytest.raises(ReadersBehind, match="none ever ran"):
        reconcile(minimum_sequence=1, patience_s=0)
    monkeypatch.setattr("trading.management.commands.reconcile.reconcile", _behind)
    with pytest.raises(CommandError, match="stand still"):
        call_command("reconcile")


def _behind():
    raise ReadersBehind("The readers stand still.")
