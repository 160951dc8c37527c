"""Play money."""

from django.conf import settings

from exchange.contract.errors import ApiError
from wallets.core import ledger
from wallets.core.ledger import LedgerAccountName
from wallets.models import Entry
from wallets.services.ledger import post_entry


def give(*, account_id: int, asset: str, amount_units: int, idempotency_key: str) -> Entry:
    """Puts `amount_units` of the exchange's equity into the account's funding wallet, once a key.

    Refuses outside the demo with not_found, and as `post_entry` does.
    """
    if not settings.DEMO:
        raise ApiError("not_found", "There is a faucet only in the demo.")
    equity, funding = LedgerAccountName(ledger.EQUITY, asset), LedgerAccountName(ledger.FUNDING, asset, account_id)
    return post_entry(
        idempotency_key=f"faucet:{account_id}:{idempotency_key}",
        kind="faucet",
        movements=ledger.move(source=equity, target=funding, amount_units=amount_units),
    )
