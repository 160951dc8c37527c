"""Money between the places of one user: the margin collateral and the wallet of each of the user's own accounts.

Up to three steps: out of the margin, from wallet to wallet, into the margin. Each is done at most once, under a key
that follows from the row, which is committed before the first. One process at a time holds the row; when that one
dies, `carry_on_transfers` goes on where it stopped. Between steps the money lies in a wallet of the same user.
"""

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final, NamedTuple

from django.db import IntegrityError, transaction
from django.utils import timezone

from exchange.contract.errors import ApiError
from exchange.identity.models import Account, User
from trading.core.terms import ACCOUNT_CANCEL_ONLY
from trading.engine.commands import DescribeAccount
from trading.models.account_transfers import AccountTransfer
from trading.services import collateral, gateway
from wallets.core import ledger
from wallets.core.ledger import LedgerAccountName
from wallets.services.ledger import post_entry

HOLD: Final = timedelta(seconds=30)  # longer than all steps take, each of which gives up after some seconds
CARRY_ON_LIMIT: Final = 200
UNKNOWN: Final = "outcome_unknown"
PASSING: Final = frozenset({UNKNOWN, "engine_busy", "engine_unavailable", "expired_in_transit"})

_IDEMPOTENCY_KEY: Final = re.compile(r"[!-~]{1,64}")

logger = logging.getLogger(__name__)
State = AccountTransfer.State


class Place(NamedTuple):
    """Where money of an account is: its margin collateral in the engine, or its wallet."""

    account_id: int
    is_margin: bool


def transfer(
    *, owner: User, source: Place, target: Place, asset: str, amount_units: int, idempotency_key: str
) -> AccountTransfer:
    """Moves `amount_units` > 0 between two places of the owner's.

    Again with the same key: what became of it, or another try when the engine was busy or away. Refuses a malformed
    key, asset or amount, and one place given twice, with invalid_parameter; others' accounts with account_not_found;
    the key with other content with idempotency_conflict; money out of a restricted account with account_restricted;
    and what wallets or engine refuse. Nothing has moved then, unless the message says that the money now is in a
    wallet. outcome_unknown: it is under way, and `carry_on_transfers` finishes it.
    """
    _check(source, target, asset, amount_units, idempotency_key)
    places = {source.account_id, target.account_id}
    if Account.objects.filter(owner=owner, id__in=places).count() != len(places):
        raise ApiError("account_not_found")
    fields = {
        "source_id": source.account_id,
        "source_is_margin": source.is_margin,
        "target_id": target.account_id,
        "target_is_margin": target.is_margin,
        "asset": asset,
        "amount_units": amount_units,
    }
    row = _find(source.account_id, idempotency_key)
    if row is None:
        _check_may_leave(source, target)
        row, is_new = _open(fields, idempotency_key)
        if is_new:
            _carry_out(row)
            return row
    return _earlier(row, fields)


def carry_on_transfers() -> int:
    """Goes on with transfers whose process died or met a passing fault; returns how many are finished now.

    Safe to run at any time.
    """
    waiting = AccountTransfer.objects.filter(state=State.PENDING, held_until__lt=timezone.now())
    return sum(_carry_on(row) for row in waiting.order_by("id")[:CARRY_ON_LIMIT])


def _check(source: Place, target: Place, asset: str, amount_units: int, idempotency_key: str) -> None:
    if not _IDEMPOTENCY_KEY.fullmatch(idempotency_key):
        raise _refusal("idempotency_key", "The key must be 1 to 64 printable ASCII characters without spaces.")
    if asset not in collateral.ASSETS:
        raise _refusal("asset", f"The asset must be one of {', '.join(collateral.ASSETS)}.")
    if not 0 < amount_units <= ledger.MAXIMUM_AMOUNT_UNITS:
        raise _refusal("amount", "The amount must be above zero and at most 1000000000.")
    if source == target:
        raise _refusal("target", "Choose another place for the money to go to than the one it comes from.")


def _check_may_leave(source: Place, target: Place) -> None:
    """Wallets do not know which accounts are restricted; out of a margin the engine sees to it itself."""
    if source.is_margin or source.account_id == target.account_id:
        return
    view = gateway.ask(DescribeAccount(gateway.new_command_id(), gateway.deadline_ns(), source.account_id))
    if view.state >= ACCOUNT_CANCEL_ONLY:
        raise ApiError("account_restricted")


def _find(source_id: int, idempotency_key: str) -> AccountTransfer | None:
    rows = AccountTransfer.objects.filter(source_id=source_id, idempotency_key=idempotency_key)
    return rows.exclude(state=State.VOID).first()


def _open(fields: dict[str, Any], idempotency_key: str) -> tuple[AccountTransfer, bool]:
    """The new row, committed and held by this process; another caller's if faster."""
    try:
        with transaction.atomic(durable=True):
            row = AccountTransfer.objects.create(
                **fields, idempotency_key=idempotency_key, held_until=timezone.now() + HOLD
            )
    except IntegrityError:
        row = _find(fields["source_id"], idempotency_key)
        if row is None:
            raise ApiError("engine_busy") from None
        return row, False
    return row, True


def _earlier(row: AccountTransfer, fields: dict[str, Any]) -> AccountTransfer:
    if any(getattr(row, name) != value for name, value in fields.items()):
        raise ApiError("idempotency_conflict")
    if row.state == State.PENDING:
        raise ApiError(UNKNOWN, "This transfer is under way: it is finished within a minute.")
    if row.state == State.REFUSED:
        raise _refused(row, ApiError(row.code))
    return row


def _carry_on(row: AccountTransfer) -> bool:
    """Whether it is finished now. An unexpected error is logged, and the row stays pending."""
    now = timezone.now()
    free = AccountTransfer.objects.filter(id=row.id, state=State.PENDING, held_until__lt=now)
    if not free.update(held_until=now + HOLD):
        return False  # another process was faster
    try:
        _carry_out(row)
    except ApiError:
        return row.state != State.PENDING
    except Exception:
        logger.exception("%s stays pending", row)
        return False
    return True


def _carry_out(row: AccountTransfer) -> None:
    """All steps, of which those that were done before do nothing. Only for who holds the row.

    A first step that was not done ends the transfer, since nothing has moved; later steps are tried again later.
    """
    for number, (step, reached_id) in enumerate(_steps(row)):
        try:
            step()
        except ApiError as error:
            if error.code == UNKNOWN or (number and error.code in PASSING):
                raise ApiError(UNKNOWN, "This transfer is under way: it is finished within a minute.") from None
            state = State.VOID if error.code in PASSING else State.REFUSED
            _finish(row, state, error.code, reached_id if number else None)
            raise _refused(row, error) from None
    _finish(row, State.DONE)


def _steps(row: AccountTransfer) -> list[tuple[Callable[[], object], int]]:
    """Each with the account in whose wallet the money is if the step, not being the first, is refused."""
    steps: list[tuple[Callable[[], object], int]] = []
    if row.source_is_margin:
        steps.append((partial(_through_engine, row, "out", row.source_id, -row.amount_units), row.source_id))
    if row.source_id != row.target_id:
        steps.append((partial(_between_wallets, row), row.source_id))
    if row.target_is_margin:
        steps.append((partial(_through_engine, row, "in", row.target_id, row.amount_units), row.target_id))
    return steps


def _through_engine(row: AccountTransfer, step: str, account_id: int, amount_units: int) -> None:
    collateral.transfer(
        account_id=account_id,
        asset=row.asset,
        amount_units=amount_units,
        idempotency_key=f"account-transfer:{row.id}:{step}",
    )


def _between_wallets(row: AccountTransfer) -> None:
    source, target = (LedgerAccountName(ledger.FUNDING, row.asset, id) for id in (row.source_id, row.target_id))
    post_entry(
        idempotency_key=f"account-transfer:{row.id}",
        kind="account_transfer",
        movements=ledger.move(source=source, target=target, amount_units=row.amount_units),
    )


def _finish(row: AccountTransfer, state: str, code: str = "", reached_id: int | None = None) -> None:
    rows = AccountTransfer.objects.filter(id=row.id, state=State.PENDING)
    rows.update(state=state, code=code, reached_id=reached_id)
    row.state, row.code, row.reached_id = state, code, reached_id


def _refused(row: AccountTransfer, error: ApiError) -> ApiError:
    """The error, which says where the money is when it is no longer where it came from."""
    if row.reached is None:
        return error
    return ApiError(error.code, f"{error.message} The money is in the wallet of {row.reached.name} now.")


def _refusal(field: str, message: str) -> ApiError:
    return ApiError("invalid_parameter", message, {"field": field})
