"""Reads of transfers between own accounts."""

from exchange.identity.models import User
from trading.models import AccountTransfer


def latest_account_transfers(*, owner: User, limit: int) -> list[AccountTransfer]:
    """The owner's, newest first, with their accounts."""
    rows = AccountTransfer.objects.filter(source__owner=owner).select_related("source", "target", "reached")
    return list(rows.order_by("-id")[:limit])
