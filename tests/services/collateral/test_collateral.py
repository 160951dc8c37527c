"""Transfers between wallets and engine, with a fault at each step: money is neither doubled nor lost."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from compliance.models import AuditEntry
from exchange.contract.errors import ApiError
from exchange.identity.models import Account, User
from tests.engine_gateway import clock, engine_gateway  # noqa: F401  (fixtures)
from trading.core.terms import INSURANCE_FUND
from trading.models import Transfer
from trading.services import accounts, collateral, requests
from wallets import selectors
from wallets.core import ledger
from wallets.core.ledger import LedgerAccountName
from wallets.models import Entry
from wallets.services.ledger import post_entry

pytestmark = pytest.mark.django_db(transaction=True)

START = 1_000_000
NOT_LEARNT_YET = 8  # seconds: the first attempt is over, the engine still remembers it
FORGOTTEN = 400  # seconds: two generations of command ids later


@pytest.fixture
def engine(engine_gateway, monkeypatch):  # noqa: F811
    monkeypatch.setattr(requests, "time", engine_gateway.clock)
    return engine_gateway


@pytest.fixture
def alice(engine):
    owner = User.objects.create_user("alice@example.com", "correct horse battery")
    account = Account.objects.create(owner=owner, name="main")
    accounts.open_account(account_id=account.id, user_id=owner.id)
    equity, funding = LedgerAccountName(ledger.EQUITY, "USDT"), LedgerAccountName(ledger.FUNDING, "USDT", account.id)
    post_entry(
        idempotency_key="start", kind="faucet", movements=ledger.move(source=equity, target=funding, amount_units=START)
    )
    engine.sent.clear()
    return account.id


def transfer(account_id, amount_units, key="one"):
    return collateral.transfer(account_id=account_id, asset="USDT", amount_units=amount_units, idempotency_key=key)


def attempt(account_id, amount_units, key="one"):
    try:
        return transfer(account_id, amount_units, key).state
    except ApiError as error:
        return error.code


def money(engine, account_id):
    """(funding, transit, the wallets' mirror of the engine, the engine's own collateral)"""
    assert selectors.faults() == []
    held = engine.engine.state.accounts[account_id].collateral_units or 0
    own = [selectors.balance_units(kind=kind, asset="USDT") for kind in (ledger.TRANSIT, ledger.COLLATERAL)]
    return (selectors.funding_units(account_id=account_id, asset="USDT"), *own, held)


def test_in_and_out(engine, alice):
    row = transfer(alice, 600_000, "in")
    assert (row.state, engine.engine.state.sequence) == ("accepted", row.sequence)
    assert money(engine, alice) == (400_000, 0, 600_000, 600_000)
    transfer(alice, -250_000, "out")
    assert money(engine, alice) == (650_000, 0, 350_000, 350_000)


def test_the_same_key_is_the_same_transfer(engine, alice):
    first = transfer(alice, 600_000)
    assert transfer(alice, 600_000) == first
    assert len(engine.sent) == 1
    assert money(engine, alice) == (400_000, 0, 600_000, 600_000)
    assert attempt(alice, 600_001) == "idempotency_conflict"
    assert money(engine, alice) == (400_000, 0, 600_000, 600_000)


def test_more_than_the_wallet_holds_is_refused_and_nothing_is_sent(engine, alice):
    assert attempt(alice, START + 1) == "insufficient_funds"
    assert (engine.sent, Transfer.objects.count()) == ([], 0)
    assert money(engine, alice) == (START, 0, 0, 0)
    assert attempt(alice, START) == "accepted"


def test_more_than_the_engine_holds_is_refused_and_stays_refused(engine, alice):
    transfer(alice, 600_000, "in")
    assert attempt(alice, -600_001, "out") == "insufficient_funds"
    transfer(alice, 400_000, "more")
    assert attempt(alice, -600_001, "out") == "insufficient_funds"
    assert money(engine, alice) == (0, 0, START, START)


def test_a_deposit_the_engine_refuses_comes_back(engine, alice):
    other = Account.objects.create(owner=User.objects.get(), name="unknown to the engine")
    movements = ledger.move(
        source=LedgerAccountName(ledger.FUNDING, "USDT", alice),
        target=LedgerAccountName(ledger.FUNDING, "USDT", other.id),
        amount_units=500,
    )
    post_entry(idempotency_key="gift", kind="gift", movements=movements)
    assert attempt(other.id, 500) == "account_not_found"
    assert selectors.funding_units(account_id=other.id, asset="USDT") == 500
    assert Transfer.objects.get().state == "refused"
    assert money(engine, alice) == (START - 500, 0, 0, 0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("asset", "BTC"),
        ("amount_units", 0),
        ("amount_units", 10**15 + 1),
        ("amount_units", 2**80),
        ("idempotency_key", ""),
        ("idempotency_key", "a b"),
        ("idempotency_key", "a\x00"),
        ("idempotency_key", "k" * 65),
    ],
)
def test_malformed_transfers_are_refused(engine, alice, field, value):
    fields = {"account_id": alice, "asset": "USDT", "amount_units": 5, "idempotency_key": "one", field: value}
    with pytest.raises(ApiError, match="invalid_parameter"):
        collateral.transfer(**fields)
    assert (engine.sent, Transfer.objects.count()) == ([], 0)


def test_an_engine_that_is_away_is_told_before_anything_is_done(engine, alice):
    engine.is_away = True
    assert attempt(alice, 600_000) == "engine_unavailable"
    assert Transfer.objects.count() == 0


@pytest.mark.parametrize("amount_units", [600_000, -200_000])
def test_a_command_that_was_not_sent_leaves_all_money_and_the_key_free(engine, alice, amount_units):
    transfer(alice, 300_000, "before")
    before = money(engine, alice)
    engine.faults = ["away"]
    assert attempt(alice, amount_units) == "engine_unavailable"
    assert money(engine, alice) == before
    assert attempt(alice, amount_units) == "accepted"
    assert money(engine, alice)[3] == 300_000 + amount_units
    assert money(engine, alice)[1] == 0


FAULTS = {
    "lost on the way": ["lost"],
    "done, reply lost": ["silent"],
    "lost twice": ["lost", "lost"],
    "lost, then the reply lost": ["lost", "silent"],
    "lost, then the engine away": ["lost", "away"],
}


@pytest.mark.parametrize("amount_units", [600_000, -200_000])
@pytest.mark.parametrize("wait", [NOT_LEARNT_YET, FORGOTTEN])
@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_an_unknown_outcome_is_found_out_and_done_once(engine, alice, amount_units, wait, faults):
    transfer(alice, 300_000, "before")
    engine.faults = list(faults)
    assert attempt(alice, amount_units) == "outcome_unknown"
    assert collateral.reconcile_transfers() == 0  # the first attempt may still be under way
    for _ in faults:
        let_pass(engine, wait)
        collateral.reconcile_transfers()
    engine.faults = []
    let_pass(engine, wait)
    collateral.reconcile_transfers()

    assert Transfer.objects.get(idempotency_key="one").state == "accepted"
    assert money(engine, alice) == (700_000 - amount_units, 0, 300_000 + amount_units, 300_000 + amount_units)
    engine.deliver_late()
    assert collateral.reconcile_transfers() == 0
    assert attempt(alice, amount_units) == "accepted"
    assert money(engine, alice) == (700_000 - amount_units, 0, 300_000 + amount_units, 300_000 + amount_units)


def let_pass(engine, seconds):
    """Time goes by for everybody; commands of others come in, so that the engine's generations of ids pass with it."""
    for _ in range(2):
        engine.clock.advance(seconds / 2)
        engine.execute(requests.AdvanceTime(*requests.stamp()))
    is_forgotten = not any(
        requests.command_id_of(row) in ids
        for row in Transfer.objects.filter(state="pending")
        for ids in (engine.engine.state.recent_command_ids, engine.engine.state.previous_command_ids)
    )
    assert is_forgotten or seconds < FORGOTTEN


@pytest.mark.parametrize("wait", [NOT_LEARNT_YET, FORGOTTEN])
def test_a_refusal_nobody_learnt_is_found_out(engine, alice, wait):
    transfer(alice, 300_000, "before")
    engine.faults = ["silent"]
    assert attempt(alice, -300_001) == "outcome_unknown"
    let_pass(engine, wait)
    assert collateral.reconcile_transfers() == 1
    assert attempt(alice, -300_001) == "insufficient_funds"
    assert money(engine, alice) == (700_000, 0, 300_000, 300_000)


def test_a_copy_that_arrives_too_late_is_no_proof_that_it_was_never_done(engine, alice):
    """The first copy was executed, its id is forgotten, a second one expires on its way: the money is there, once."""
    engine.faults = ["silent"]
    assert attempt(alice, 600_000) == "outcome_unknown"
    row = Transfer.objects.get()
    let_pass(engine, FORGOTTEN)
    requests.settle(row, requests.ask(row, collateral._command(row)), collateral._post_outcome)
    assert Transfer.objects.get().state == "pending"
    collateral.reconcile_transfers()
    assert Transfer.objects.get().state == "accepted"
    assert money(engine, alice) == (400_000, 0, 600_000, 600_000)


def test_a_deposit_that_expired_on_its_way_comes_back_and_may_be_tried_again(engine, alice):
    engine.faults = ["lost"]
    assert attempt(alice, 600_000) == "outcome_unknown"
    assert money(engine, alice) == (400_000, 600_000, 0, 0)
    engine.clock.advance(NOT_LEARNT_YET)
    engine.deliver_late()
    assert collateral.reconcile_transfers() == 1
    assert Transfer.objects.get().state == "void"
    assert money(engine, alice) == (START, 0, 0, 0)
    assert attempt(alice, 600_000) == "accepted"
    assert money(engine, alice) == (400_000, 0, 600_000, 600_000)


CRASHES = {"before it is sent": "ask", "before it is settled": "settle"}


@pytest.mark.parametrize("amount_units", [600_000, -200_000])
@pytest.mark.parametrize("step", CRASHES.values(), ids=CRASHES)
def test_a_crash_between_the_steps_is_finished_later(engine, alice, monkeypatch, amount_units, step):
    transfer(alice, 300_000, "before")

    def crash(*_):
        raise RuntimeError("crash")

    with monkeypatch.context() as patch:
        patch.setattr(requests, step, crash)
        with pytest.raises(RuntimeError):
            transfer(alice, amount_units)
    engine.clock.advance(NOT_LEARNT_YET)
    assert collateral.reconcile_transfers() == 1
    assert money(engine, alice) == (700_000 - amount_units, 0, 300_000 + amount_units, 300_000 + amount_units)


def test_a_crash_while_settling_leaves_neither_state_nor_postings(engine, alice, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(collateral, "post_entry", lambda **_: 1 / 0)
        engine.faults = ["silent"]
        with pytest.raises(ZeroDivisionError):
            transfer(alice, 600_000)
    assert (Transfer.objects.count(), engine.sent, Entry.objects.count()) == (0, [], 1)

    engine.faults = ["silent"]
    assert attempt(alice, 600_000) == "outcome_unknown"
    engine.clock.advance(NOT_LEARNT_YET)
    with monkeypatch.context() as patch:
        patch.setattr(collateral, "post_entry", lambda **_: 1 / 0)
        assert collateral.reconcile_transfers() == 0
    assert Transfer.objects.get().state == "pending"
    engine.clock.advance(NOT_LEARNT_YET)
    assert collateral.reconcile_transfers() == 1
    assert money(engine, alice) == (400_000, 0, 600_000, 600_000)


def in_threads(count, call):
    def run():
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(run) for _ in range(count)]]


@pytest.mark.parametrize("wait", [NOT_LEARNT_YET, FORGOTTEN])
@pytest.mark.parametrize("fault", ["lost", "silent"])
def test_reconciling_at_the_same_time_does_it_once(engine, alice, wait, fault):
    for key in ("one", "two", "three"):
        engine.faults = [fault]
        assert attempt(alice, 200_000, key) == "outcome_unknown"
    let_pass(engine, wait)
    in_threads(4, collateral.reconcile_transfers)
    assert money(engine, alice) == (400_000, 0, 600_000, 600_000)


def test_the_same_key_at_the_same_time_is_one_transfer(engine, alice):
    results = in_threads(6, lambda: attempt(alice, 600_000))
    assert "accepted" in results
    assert set(results) <= {"accepted", "outcome_unknown"}
    assert money(engine, alice) == (400_000, 0, 600_000, 600_000)
    assert Transfer.objects.count() == 1


def fund_money(engine):
    """(the exchange's equity, transit, the wallets' mirror of the engine, the fund's collateral)"""
    assert selectors.faults() == []
    held = engine.engine.state.accounts[INSURANCE_FUND].collateral_units or 0
    kinds = (ledger.EQUITY, ledger.TRANSIT, ledger.COLLATERAL)
    return (*(selectors.balance_units(kind=kind, asset="USDT") for kind in kinds), held)


def to_fund(amount_units, key="one"):
    return collateral.transfer_to_fund(asset="USDT", amount_units=amount_units, idempotency_key=key)


def test_the_exchange_fills_the_insurance_fund_from_its_own(engine):
    row = to_fund(700)
    assert (row.state, row.account_id) == ("accepted", None)
    assert to_fund(700) == row and len(engine.sent) == 1
    assert fund_money(engine) == (-700, 0, 700, 700)
    to_fund(-200, "back")
    assert fund_money(engine) == (-500, 0, 500, 500)
    with pytest.raises(ApiError, match="insufficient_funds"):
        to_fund(-501, "more")
    with pytest.raises(ApiError, match="idempotency_conflict"):
        to_fund(701)
    assert fund_money(engine) == (-500, 0, 500, 500)


@pytest.mark.parametrize("fault", ["lost", "silent"])
def test_money_for_the_fund_arrives_once_whatever_gets_lost(engine, fault):
    engine.faults = [fault]
    with pytest.raises(ApiError, match="outcome_unknown"):
        to_fund(700)
    engine.clock.advance(NOT_LEARNT_YET)
    assert collateral.reconcile_transfers() == 1
    assert fund_money(engine) == (-700, 0, 700, 700)


def test_an_operator_who_funds_is_in_the_audit_trail(engine):
    operator = User.objects.create_superuser("operator@example.com", "correct horse battery")
    call_command("fund_insurance", "12.5", by=operator.email, reason="a quiet start", key="first")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target, entry.outcome) == ("fund.transfer", "insurance fund", "accepted")
    assert entry.after == {"asset": "USDT", "amount_units": 12_500_000}
    assert fund_money(engine) == (-12_500_000, 0, 12_500_000, 12_500_000)
    engine.faults = ["silent"]
    with pytest.raises(CommandError, match="outcome_unknown"):
        call_command("fund_insurance", "1", by=operator.email, reason="more", key="second")
    engine.clock.advance(NOT_LEARNT_YET)
    collateral.reconcile_transfers()
    assert set(AuditEntry.objects.values_list("outcome", flat=True)) == {"accepted"}
    User.objects.create_user("alice@example.com", "correct horse battery")
    with pytest.raises(CommandError, match="no operator"):
        call_command("fund_insurance", "1", by="alice@example.com", reason="more", key="third")
    assert fund_money(engine)[3] == 13_500_000
