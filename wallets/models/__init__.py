from wallets.models.entry import Entry, Posting
from wallets.models.ledger_account import LedgerAccount

__all__ = ["Entry", "LedgerAccount", "Posting"]
