"""Sets the stage on the running exchange: the instrument, the account that keeps the book, those that take from it."""

import secrets
from typing import Final, NamedTuple

from exchange.identity.models import Account, User
from trading.engine.commands import DescribeAccount
from trading.engine.replies import AccountView
from trading.replay.instrument import PARAMETERS_TEXT, TERMS_TEXT
from trading.services import accounts, collateral, gateway
from trading.services.listings import list_instrument
from wallets import selectors as wallets
from wallets.core import ledger
from wallets.core.ledger import LedgerAccountName
from wallets.services.ledger import post_entry

ASSET: Final = "USDT"
FUNDS_UNITS: Final = 10**15
BOOK_EMAIL, TAKERS_EMAIL = "replay-book@exchange.invalid", "replay-takers@exchange.invalid"
TAKERS: Final = 4
MAXIMUM_OPEN_ORDERS: Final = 100_000


class Cast(NamedTuple):
    """Account ids. Takers are another user's, or self-trade prevention would keep them from the book."""

    account_id: int
    taker_account_ids: list[int]


def prepare() -> Cast:
    """Lists, opens and funds what is not there yet; safe to repeat. Raises ApiError when the exchange refuses."""
    list_instrument(terms=TERMS_TEXT, parameters=PARAMETERS_TEXT)
    account_id = _open_account(BOOK_EMAIL, "Replay book")
    accounts.set_account_limits(account_id=account_id, maximum_open_orders=MAXIMUM_OPEN_ORDERS)
    takers = [_open_account(TAKERS_EMAIL, f"Replay taker {number}") for number in range(1, TAKERS + 1)]
    return Cast(account_id, takers)


def _open_account(email: str, name: str) -> int:
    """The account of this name, known to the engine and with at least half of the funds as equity."""
    owner = User.objects.filter(email=email).first() or User.objects.create_user(email)
    account, _ = Account.objects.get_or_create(owner=owner, name=name)
    accounts.open_account(account_id=account.id, user_id=owner.id)
    if _equity_units(account.id) < FUNDS_UNITS // 2:
        _fund(account.id)
    return account.id


def _equity_units(account_id: int) -> int:
    view = gateway.ask(DescribeAccount(gateway.new_command_id(), gateway.deadline_ns(), account_id))
    assert isinstance(view, AccountView)
    return view.equity_units


def _fund(account_id: int) -> None:
    """From the exchange's equity to the funding wallet, where an earlier attempt may have left it, and on."""
    key = f"replay:{account_id}:{secrets.token_hex(8)}"
    missing_units = FUNDS_UNITS - wallets.funding_units(account_id=account_id, asset=ASSET)
    if missing_units > 0:
        equity, funding = LedgerAccountName(ledger.EQUITY, ASSET), LedgerAccountName(ledger.FUNDING, ASSET, account_id)
        movements = ledger.move(source=equity, target=funding, amount_units=missing_units)
        post_entry(idempotency_key=key, kind="replay_funding", movements=movements)
    collateral.transfer(account_id=account_id, asset=ASSET, amount_units=FUNDS_UNITS, idempotency_key=key)
