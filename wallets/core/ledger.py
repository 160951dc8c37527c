"""Double entry: names of ledger accounts, and entries whose signed postings sum to zero in each asset. Pure."""

import hashlib
from typing import Final, NamedTuple

FUNDING: Final = "funding"  # what a trading account's owner keeps in the wallets
TRANSIT: Final = "transit"  # on its way between the wallets and the engine
COLLATERAL: Final = "collateral"  # what the engine holds: net transfers into it
EQUITY: Final = "equity"  # the exchange's own money; falls below zero by what it gave away
KINDS: Final = (FUNDING, TRANSIT, COLLATERAL, EQUITY)
NEVER_NEGATIVE: Final = (FUNDING, TRANSIT)

MAXIMUM_AMOUNT_UNITS: Final = 10**15


class LedgerAccountName(NamedTuple):
    """`owner_id` is the trading account's id for funding, 0 for the exchange's own accounts."""

    kind: str
    asset: str
    owner_id: int = 0


class Movement(NamedTuple):
    """One posting: the account gains `amount_units`, or loses them when negative."""

    account: LedgerAccountName
    amount_units: int


def move(*, source: LedgerAccountName, target: LedgerAccountName, amount_units: int) -> tuple[Movement, Movement]:
    """The two postings that carry `amount_units` > 0 from `source` to `target`."""
    return Movement(source, -amount_units), Movement(target, amount_units)


def check_movements(movements: tuple[Movement, ...]) -> None:
    """Raises ValueError unless the movements make an entry: two or more, none of zero or beyond the maximum, known
    kinds with an owner where one belongs, each account once, zero in sum per asset."""
    if len(movements) < 2:
        raise ValueError("an entry has two or more postings")
    if len({movement.account for movement in movements}) < len(movements):
        raise ValueError("an entry names each account once")
    sums: dict[str, int] = {}
    for account, amount_units in movements:
        if account.kind not in KINDS or (account.kind == FUNDING) != (account.owner_id > 0):
            raise ValueError(f"no such ledger account: {account}")
        if not 0 < abs(amount_units) <= MAXIMUM_AMOUNT_UNITS:
            raise ValueError(f"not an amount: {amount_units}")
        sums[account.asset] = sums.get(account.asset, 0) + amount_units
    if any(sums.values()):
        raise ValueError(f"the postings do not sum to zero: {sums}")


def content_hash(*, kind: str, movements: tuple[Movement, ...]) -> bytes:
    """32 bytes by which two entries of one idempotency key are told apart; the order of postings does not count."""
    lines = sorted(f"{a.kind}:{a.asset}:{a.owner_id}:{amount_units}" for a, amount_units in movements)
    return hashlib.sha256("\n".join([kind, *lines]).encode()).digest()
