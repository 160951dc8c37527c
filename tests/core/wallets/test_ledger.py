import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallets.core import ledger
from wallets.core.ledger import LedgerAccountName, Movement

ALICE = LedgerAccountName(ledger.FUNDING, "USDT", 1)
TRANSIT = LedgerAccountName(ledger.TRANSIT, "USDT")
EQUITY = LedgerAccountName(ledger.EQUITY, "USDT")
BITCOIN_EQUITY = LedgerAccountName(ledger.EQUITY, "BTC")


def test_a_move_is_two_postings_that_cancel_out():
    movements = ledger.move(source=ALICE, target=TRANSIT, amount_units=250)
    assert movements == (Movement(ALICE, -250), Movement(TRANSIT, 250))
    ledger.check_movements(movements)


@pytest.mark.parametrize(
    ("movements", "reason"),
    [
        ((), "two or more"),
        ((Movement(ALICE, 5),), "two or more"),
        ((Movement(ALICE, 5), Movement(ALICE, -5)), "each account once"),
        ((Movement(ALICE, 5), Movement(TRANSIT, -4)), "sum to zero"),
        ((Movement(EQUITY, 5), Movement(BITCOIN_EQUITY, -5)), "sum to zero"),
        ((Movement(ALICE, 0), Movement(TRANSIT, 0)), "not an amount"),
        ((Movement(ALICE, 10**15 + 1), Movement(TRANSIT, -(10**15) - 1)), "not an amount"),
        ((Movement(LedgerAccountName("savings", "USDT"), 5), Movement(TRANSIT, -5)), "no such"),
        ((Movement(LedgerAccountName(ledger.FUNDING, "USDT"), 5), Movement(TRANSIT, -5)), "no such"),
        ((Movement(LedgerAccountName(ledger.EQUITY, "USDT", 7), 5), Movement(TRANSIT, -5)), "no such"),
    ],
)
def test_what_makes_no_entry(movements, reason):
    with pytest.raises(ValueError, match=reason):
        ledger.check_movements(movements)


AMOUNTS = st.integers(min_value=1, max_value=ledger.MAXIMUM_AMOUNT_UNITS)


@given(first=AMOUNTS, second=AMOUNTS)
def test_the_hash_tells_contents_apart_and_nothing_else(first, second):
    def hashed(kind, amount_units):
        movements = ledger.move(source=ALICE, target=TRANSIT, amount_units=amount_units)
        assert ledger.content_hash(kind=kind, movements=movements) == ledger.content_hash(
            kind=kind, movements=movements[::-1]
        )
        return ledger.content_hash(kind=kind, movements=movements)

    assert (hashed("transfer", first) == hashed("transfer", second)) == (first == second)
    assert hashed("transfer", first) != hashed("faucet", first)
