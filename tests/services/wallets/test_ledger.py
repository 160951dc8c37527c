"""Double entry in the real database: exact balances, refusals that change nothing, and constraints of the tables."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from exchange.contract.errors import ApiError
from exchange.identity.models import Account, User
from wallets import selectors
from wallets.core import ledger
from wallets.core.ledger import LedgerAccountName, Movement
from wallets.models import Entry, LedgerAccount, Posting
from wallets.services.ledger import post_entry

EQUITY = LedgerAccountName(ledger.EQUITY, "USDT")
TRANSIT = LedgerAccountName(ledger.TRANSIT, "USDT")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice():
    owner = User.objects.create_user("alice@example.com", "correct horse battery")
    return LedgerAccountName(ledger.FUNDING, "USDT", Account.objects.create(owner=owner, name="main").id)


def give(account, amount_units, *, key):
    return post_entry(
        idempotency_key=key,
        kind="faucet",
        movements=ledger.move(source=EQUITY, target=account, amount_units=amount_units),
    )


def spend(account, amount_units, *, key):
    return post_entry(
        idempotency_key=key,
        kind="transfer",
        movements=ledger.move(source=account, target=TRANSIT, amount_units=amount_units),
    )


def world():
    balances = {str(account): account.balance_units for account in LedgerAccount.objects.all()}
    return balances, Entry.objects.count(), Posting.objects.count()


def test_an_entry_moves_money_between_balances(alice):
    entry = give(alice, 1_000, key="a")
    spend(alice, 400, key="b")

    assert selectors.funding_units(account_id=alice.owner_id, asset="USDT") == 600
    assert selectors.balance_units(kind=ledger.EQUITY, asset="USDT") == -1_000
    assert selectors.balance_units(kind=ledger.TRANSIT, asset="USDT") == 400
    assert sorted(entry.postings.values_list("amount_units", flat=True)) == [-1_000, 1_000]
    assert selectors.faults() == []


def test_the_same_key_gives_the_first_entry_and_moves_nothing(alice):
    first = give(alice, 1_000, key="a")
    before = world()
    assert give(alice, 1_000, key="a") == first
    assert world() == before


def test_the_same_key_with_other_content_is_a_conflict(alice):
    give(alice, 1_000, key="a")
    before = world()
    with pytest.raises(ApiError, match="idempotency_conflict"):
        give(alice, 1_001, key="a")
    assert world() == before


def test_funding_never_falls_below_zero(alice):
    give(alice, 1_000, key="a")
    before = world()
    with pytest.raises(ApiError, match="insufficient_funds"):
        spend(alice, 1_001, key="b")
    assert world()[1:] == before[1:]
    assert selectors.funding_units(account_id=alice.owner_id, asset="USDT") == 1_000
    spend(alice, 1_000, key="b")
    assert selectors.funding_units(account_id=alice.owner_id, asset="USDT") == 0


def in_threads(calls):
    def run(call):
        try:
            return call()
        except ApiError as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(run, call) for call in calls]]


def test_concurrent_spending_stops_at_the_balance(alice):
    give(alice, 1_000, key="a")
    results = in_threads([lambda n=n: spend(alice, 300, key=f"spend {n}") for n in range(6)])
    assert results.count("insufficient_funds") == 3
    assert selectors.funding_units(account_id=alice.owner_id, asset="USDT") == 100
    assert selectors.faults() == []


def test_concurrent_calls_with_one_key_are_one_entry(alice):
    entries = in_threads([lambda: give(alice, 1_000, key="a") for _ in range(6)])
    assert len({entry.id for entry in entries}) == 1
    assert selectors.funding_units(account_id=alice.owner_id, asset="USDT") == 1_000


def test_entries_that_touch_the_same_accounts_both_ways_never_deadlock(alice):
    give(alice, 10_000, key="a")
    spend(alice, 5_000, key="b")

    def back(n):
        movements = (Movement(TRANSIT, -7), Movement(alice, 7))
        return post_entry(idempotency_key=f"back {n}", kind="transfer", movements=movements)

    forth = [lambda n=n: spend(alice, 7, key=f"forth {n}") for n in range(4)]
    results = in_threads([*forth, *(lambda n=n: back(n) for n in range(4))])
    assert all(isinstance(result, Entry) for result in results)
    assert selectors.funding_units(account_id=alice.owner_id, asset="USDT") == 5_000


def test_the_database_refuses_an_entry_that_does_not_balance(alice):
    give(alice, 1_000, key="a")
    funding = LedgerAccount.objects.get(kind=ledger.FUNDING)
    with pytest.raises(IntegrityError, match="do not sum to zero"), transaction.atomic():
        entry = Entry.objects.create(idempotency_key="x", content_hash=b"x", kind="gift")
        Posting.objects.create(entry=entry, account=funding, amount_units=1)


def test_the_database_refuses_an_entry_without_postings():
    with pytest.raises(IntegrityError, match="has no postings"), transaction.atomic():
        Entry.objects.create(idempotency_key="x", content_hash=b"x", kind="gift")


def test_the_database_refuses_an_overdrawn_account(alice):
    give(alice, 1_000, key="a")
    with pytest.raises(IntegrityError, match="ledger_account_not_overdrawn"):
        LedgerAccount.objects.filter(kind=ledger.FUNDING).update(balance_units=-1)


@pytest.mark.parametrize("model", [Entry, Posting])
def test_what_is_written_stays(alice, model):
    give(alice, 1_000, key="a")
    table = model._meta.db_table
    for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
            cursor.execute(statement)


def test_faults_names_a_balance_that_drifted(alice):
    give(alice, 1_000, key="a")
    LedgerAccount.objects.filter(kind=ledger.FUNDING).update(balance_units=1_001)
    assert len(selectors.faults()) == 2
