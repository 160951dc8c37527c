"""The only way money moves in the wallets."""

from django.db import IntegrityError, transaction
from django.db.models import F

from exchange.contract.errors import ApiError
from wallets.core import ledger
from wallets.core.ledger import LedgerAccountName, Movement
from wallets.models import Entry, LedgerAccount, Posting


def post_entry(*, idempotency_key: str, kind: str, movements: tuple[Movement, ...]) -> Entry:
    """Writes an entry and changes the balances, in one transaction; again with the same key: the first entry.

    Refuses the same key with other content: idempotency_conflict; an account that would fall below zero and must not:
    insufficient_funds. Nothing is written then. ValueError for movements that make no entry.
    """
    ledger.check_movements(movements)
    content_hash = ledger.content_hash(kind=kind, movements=movements)
    with transaction.atomic():
        try:
            with transaction.atomic():
                entry = Entry.objects.create(idempotency_key=idempotency_key, content_hash=content_hash, kind=kind)
        except IntegrityError:
            return _first_entry(idempotency_key, content_hash)
        _post(entry, movements)
    return entry


def _first_entry(idempotency_key: str, content_hash: bytes) -> Entry:
    entry = Entry.objects.get(idempotency_key=idempotency_key)
    if bytes(entry.content_hash) != content_hash:
        raise ApiError("idempotency_conflict")
    return entry


def _post(entry: Entry, movements: tuple[Movement, ...]) -> None:
    """Accounts are made in the order of their names and locked in that of their ids: no two entries deadlock."""
    amounts = {_account_id(account): amount_units for account, amount_units in sorted(movements)}
    for account_id in sorted(amounts):
        _change_balance(account_id, amounts[account_id])
    Posting.objects.bulk_create(
        Posting(entry=entry, account_id=account_id, amount_units=amounts[account_id]) for account_id in sorted(amounts)
    )


def _change_balance(account_id: int, amount_units: int) -> None:
    account = LedgerAccount.objects.filter(id=account_id)
    covered = account.exclude(kind__in=ledger.NEVER_NEGATIVE, balance_units__lt=-amount_units)
    if not covered.update(balance_units=F("balance_units") + amount_units):
        raise ApiError("insufficient_funds")


def _account_id(name: LedgerAccountName) -> int:
    account, _ = LedgerAccount.objects.get_or_create(kind=name.kind, asset=name.asset, owner_id=name.owner_id or None)
    return account.id
