"""Transfers between own accounts, with a fault at each step: money is neither doubled nor lost, nor anybody else's."""

from datetime import timedelta
from itertools import product

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from exchange.contract.errors import ApiError
from exchange.identity.models import Account, User
from tests.engine_gateway import clock, engine_gateway  # noqa: F401  (fixtures)
from trading import tasks
from trading.core import terms as t
from trading.engine.commands import SetAccountState
from trading.models import AccountTransfer
from trading.services import account_transfers, accounts, collateral, gateway, requests
from trading.services.account_transfers import HOLD, Place
from wallets import selectors
from wallets.core import ledger
from wallets.core.ledger import LedgerAccountName
from wallets.services.ledger import post_entry

pytestmark = pytest.mark.django_db(transaction=True)

START = 1_000  # in the margin and in the wallet of each account
AFTER = 60  # seconds: nobody holds the row any more, all attempts are over


@pytest.fixture
def engine(engine_gateway, monkeypatch):  # noqa: F811
    monkeypatch.setattr(requests, "time", engine_gateway.clock)
    return engine_gateway


def trader(name, *account_names):
    owner = User.objects.create_user(f"{name}@example.com")
    opened = [accounts.open_new_account(owner=owner, name=account_name) for account_name in account_names]
    for account in opened:
        equity = LedgerAccountName(ledger.EQUITY, "USDT")
        funding = LedgerAccountName(ledger.FUNDING, "USDT", account.id)
        movements = ledger.move(source=equity, target=funding, amount_units=2 * START)
        post_entry(idempotency_key=f"start:{account.id}", kind="faucet", movements=movements)
        collateral.transfer(account_id=account.id, asset="USDT", amount_units=START, idempotency_key="start")
    return owner, [account.id for account in opened]


@pytest.fixture
def alice(engine):
    return trader("alice", "main", "bots")


@pytest.fixture
def bob(engine):
    return trader("bob", "main")


def send(whose, source, target, amount_units=300, key="one"):
    owner, _ = whose
    return account_transfers.transfer(
        owner=owner, source=source, target=target, asset="USDT", amount_units=amount_units, idempotency_key=key
    )


def attempt(*args, **kwargs):
    try:
        return send(*args, **kwargs).state
    except ApiError as error:
        return error.code


def money(engine, ids):
    """(margin in the engine, wallet) of each account; the books are in order, and nothing is in transit."""
    assert selectors.faults() == []
    assert selectors.balance_units(kind=ledger.TRANSIT, asset="USDT") == 0
    state = engine.engine.state
    held = {id: account.collateral_units or 0 for id, account in state.accounts.items()}
    assert selectors.balance_units(kind=ledger.COLLATERAL, asset="USDT") == sum(held.values())
    return [(held[id], selectors.funding_units(account_id=id, asset="USDT")) for id in ids]


def places(ids):
    return [Place(id, is_margin) for id in ids for is_margin in (True, False)]


def test_money_goes_from_any_place_to_any_other(engine, alice):
    _, ids = alice
    amounts = dict.fromkeys(places(ids), START)
    for number, (source, target) in enumerate(product(places(ids), repeat=2)):
        if source == target:
            continue
        assert attempt(alice, source, target, 100, key=f"k{number}") == "done"
        amounts[source] -= 100
        amounts[target] += 100
        assert money(engine, ids) == [(amounts[Place(id, True)], amounts[Place(id, False)]) for id in ids]
    assert AccountTransfer.objects.filter(state="done").count() == 12


def margins(whose):
    main, bots = whose[1]
    return Place(main, True), Place(bots, True)


def test_the_same_key_moves_money_once(engine, alice):
    source, target = margins(alice)
    first = send(alice, source, target)
    assert send(alice, source, target) == first
    assert money(engine, alice[1]) == [(START - 300, START), (START + 300, START)]
    assert attempt(alice, source, target, 301) == "idempotency_conflict"
    assert attempt(alice, source, Place(target.account_id, False)) == "idempotency_conflict"
    assert AccountTransfer.objects.count() == 1


def test_more_than_there_is_is_refused_and_stays_refused(engine, alice):
    before = money(engine, alice[1])
    for number, source in enumerate(places(alice[1])[:2]):
        for _ in range(2):
            assert attempt(alice, source, margins(alice)[1], START + 1, key=f"k{number}") == "insufficient_funds"
    assert money(engine, alice[1]) == before
    assert {row.state for row in AccountTransfer.objects.all()} == {"refused"}


def test_nobody_moves_money_of_another(engine, alice, bob):
    hers, his = Place(alice[1][0], True), Place(bob[1][0], True)
    before = money(engine, [*alice[1], *bob[1]])
    for whose, source, target in ((alice, his, hers), (alice, hers, his), (bob, hers, his), (alice, his, his)):
        assert attempt(whose, source, Place(target.account_id, False)) == "account_not_found"
    assert attempt(alice, Place(10**9, True), hers) == "account_not_found"
    assert money(engine, [*alice[1], *bob[1]]) == before
    assert not AccountTransfer.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("asset", "BTC"),
        ("amount_units", 0),
        ("amount_units", -5),
        ("amount_units", 10**15 + 1),
        ("idempotency_key", ""),
        ("idempotency_key", "a b"),
        ("idempotency_key", "k" * 65),
        ("target", None),
    ],
)
def test_malformed_transfers_are_refused(engine, alice, field, value):
    owner, _ = alice
    source, target = margins(alice)
    fields = {"source": source, "target": target, "asset": "USDT", "amount_units": 5, "idempotency_key": "one"}
    with pytest.raises(ApiError, match="invalid_parameter"):
        account_transfers.transfer(owner=owner, **fields | {field: source if field == "target" else value})
    assert not AccountTransfer.objects.exists()


def test_an_engine_that_is_away_leaves_everything_where_it_was(engine, alice):
    before = money(engine, alice[1])
    engine.is_away = True
    assert attempt(alice, *margins(alice)) == "engine_unavailable"
    engine.is_away = False
    let_pass(engine)
    assert money(engine, alice[1]) == before
    assert AccountTransfer.objects.get().state == "void"


@pytest.mark.parametrize("code", ["engine_busy", "engine_unavailable", "expired_in_transit"])
def test_what_the_engine_had_no_time_for_can_be_asked_again(engine, alice, monkeypatch, code):
    with monkeypatch.context() as patch:
        patch.setattr(gateway, "submit", lambda command: (_ for _ in ()).throw(ApiError(code)))
        assert attempt(alice, *margins(alice)) == code
    assert [attempt(alice, *margins(alice)) for _ in range(2)] == ["done", "done"]
    assert money(engine, alice[1]) == [(START - 300, START), (START + 300, START)]
    assert list(AccountTransfer.objects.order_by("id").values_list("state", flat=True)) == ["void", "done"]


@pytest.mark.parametrize("state", [t.ACCOUNT_CANCEL_ONLY, t.ACCOUNT_FROZEN])
def test_a_restricted_account_is_not_emptied_through_its_wallet(engine, alice, state):
    main, bots = alice[1]
    before = money(engine, alice[1])
    engine.execute(SetAccountState(*requests.stamp(), main, state))
    for source, target in product((Place(main, True), Place(main, False)), places([bots])):
        key = f"{source.is_margin}-{target.is_margin}"
        assert attempt(alice, source, target, key=key) == "account_restricted"
    assert money(engine, alice[1]) == before
    assert attempt(alice, Place(main, False), Place(main, True), key="own") == "done", "its own margin may take it"
    assert attempt(alice, Place(bots, False), Place(main, False), key="in") == "done"


def test_without_the_engine_nothing_leaves_a_wallet(engine, alice):
    source, target = (Place(id, False) for id in alice[1])
    engine.is_away = True
    assert attempt(alice, source, target) == "engine_unavailable"
    engine.is_away = False
    assert attempt(alice, source, target) == "done"
    engine.is_away = True
    assert attempt(alice, source, target) == "done"


def let_pass(engine, seconds=AFTER):
    """Time goes by for the engine, for requests and for who holds rows; then the task runs."""
    engine.clock.advance(seconds)
    AccountTransfer.objects.update(held_until=timezone.now() - timedelta(seconds=seconds) + HOLD)
    tasks.reconcile_transfers()


FAULTS = {
    "out: lost": ["lost"],
    "out: reply lost": ["silent"],
    "in: away": [None, "away"],
    "in: lost": [None, "lost"],
    "in: reply lost": [None, "silent"],
    "both replies lost": ["silent", "silent"],
    "in: lost, then away, then the reply lost": [None, "lost", "away", "silent"],
}


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_a_fault_on_the_way_is_finished_later(engine, alice, faults):
    before = money(engine, alice[1])
    engine.faults = list(faults)
    assert attempt(alice, *margins(alice)) == "outcome_unknown"
    assert AccountTransfer.objects.get().state == "pending"
    assert account_transfers.carry_on_transfers() == 0, "somebody holds it"
    for _ in range(8):
        let_pass(engine)
    assert AccountTransfer.objects.get().state == "done"
    (main, bots) = before
    after = [(main[0] - 300, main[1]), (bots[0] + 300, bots[1])]
    assert money(engine, alice[1]) == after
    engine.deliver_late()
    let_pass(engine)
    assert attempt(alice, *margins(alice)) == "done"
    assert money(engine, alice[1]) == after


STEPS = ("_through_engine", "_between_wallets", "_finish")


@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("step", range(4), ids=["out", "over", "in", "finish"])
def test_a_crash_at_any_step_is_finished_later(engine, alice, monkeypatch, step, is_before):
    calls = []

    def crashing(real):
        def run(*args):
            calls.append(real)
            is_the_one = len(calls) == step + 1
            if is_the_one and is_before:
                raise KeyboardInterrupt
            real(*args)
            if is_the_one:
                raise KeyboardInterrupt

        return run

    with monkeypatch.context() as patch:
        for name in STEPS:
            patch.setattr(account_transfers, name, crashing(getattr(account_transfers, name)))
        with pytest.raises(KeyboardInterrupt):
            send(alice, *margins(alice))
    assert len(calls) == step + 1
    let_pass(engine)
    assert AccountTransfer.objects.get().state == "done"
    assert money(engine, alice[1]) == [(START - 300, START), (START + 300, START)]
    let_pass(engine)
    assert money(engine, alice[1]) == [(START - 300, START), (START + 300, START)]


def test_money_the_target_may_not_take_waits_in_its_wallet(engine, alice):
    source, target = margins(alice)
    unknown = Account.objects.create(owner=alice[0], name="not opened")
    for _ in range(2):
        with pytest.raises(ApiError, match="The money is in the wallet of not opened now") as refusal:
            send(alice, source, Place(unknown.id, True))
        assert refusal.value.code == "account_not_found"
    assert selectors.funding_units(account_id=unknown.id, asset="USDT") == 300
    assert money(engine, alice[1]) == [(START - 300, START), (START, START)]
    assert AccountTransfer.objects.get().state == "refused"
    let_pass(engine)
    assert selectors.funding_units(account_id=unknown.id, asset="USDT") == 300


def test_a_row_is_worked_on_by_one_process_at_a_time(engine, alice):
    engine.faults = [None, "away"]
    assert attempt(alice, *margins(alice)) == "outcome_unknown"
    engine.clock.advance(AFTER)
    AccountTransfer.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    row = AccountTransfer.objects.get()
    assert account_transfers._carry_on(row)
    AccountTransfer.objects.update(state="pending")
    assert not account_transfers._carry_on(row), "held by the first"
    assert money(engine, alice[1]) == [(START - 300, START), (START + 300, START)]


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("account_transfer_amount_above_zero", {"amount_units": 0}),
        ("account_transfer_state_known", {"state": "lost"}),
        ("account_transfer_code_iff_refused", {"state": "refused"}),
        ("account_transfer_code_iff_refused", {"state": "void"}),
        ("account_transfer_code_iff_refused", {"code": "x"}),
        ("account_transfer_reached_only_if_refused", {"reached": F("source")}),
    ],
)
def test_the_database_refuses_wrong_rows(engine, alice, constraint, change):
    row = send(alice, *margins(alice))
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        AccountTransfer.objects.filter(id=row.id).update(**change)
    with pytest.raises(IntegrityError, match="account_transfer_goes_elsewhere"), transaction.atomic():
        AccountTransfer.objects.filter(id=row.id).update(target_id=row.source_id)
