"""What a principal may do. No scope implies another."""

from typing import Final

PUBLIC: Final = "public"
READ: Final = "read"
TRADE: Final = "trade"
TRANSFER: Final = "transfer"
SESSION: Final = "session"

SESSION_SCOPES: Final = frozenset({PUBLIC, READ, TRADE, TRANSFER, SESSION})
# Withdrawals wait for custody; the session scope manages keys and is never given to one.
GRANTABLE_SCOPES: Final = frozenset({READ, TRADE, TRANSFER})
SCOPES_THAT_NEED_NETWORKS: Final = frozenset({TRANSFER})
