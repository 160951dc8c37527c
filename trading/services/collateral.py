"""Money between the funding wallets and the engine: the one place where trading touches the wallets.

In: funding → transit, then the engine's command, then transit → collateral, or back to funding when it was refused.
Out: the engine's command first, then collateral → funding. `collateral` mirrors what the engine holds. What funding is
to an account, the exchange's equity is to the insurance fund.
"""

import re
from typing import Final

from django.db import IntegrityError, transaction

from compliance.services import audit
from compliance.services.audit import Intent, Mandate
from exchange.contract.errors import ApiError
from exchange.identity.models import Account
from trading.core.terms import INSURANCE_FUND
from trading.engine.commands import TransferCollateral
from trading.models.requests import Transfer
from trading.services import gateway, requests
from trading.services.requests import State
from wallets.core import ledger
from wallets.core.ledger import LedgerAccountName
from wallets.services.ledger import post_entry

ASSETS: Final = ("USDT",)
RECONCILE_LIMIT: Final = 200

_IDEMPOTENCY_KEY: Final = re.compile(r"[!-~]{1,64}")


def transfer(*, account_id: int, asset: str, amount_units: int, idempotency_key: str) -> Transfer:
    """Moves `amount_units` from the account's funding wallet to its collateral, back when below zero.

    Again with the same key: the same transfer, finished if it was not. Refuses a malformed key, asset or amount with
    invalid_parameter, the key with other content with idempotency_conflict, and what wallets or engine refuse; then
    all money is where it was. outcome_unknown: it is finished soon, by `reconcile_transfers` or another call.
    """
    return _carry_out(account_id, asset, amount_units, idempotency_key, None)


def transfer_to_fund(
    *, asset: str, amount_units: int, idempotency_key: str, mandate: Mandate | None = None
) -> Transfer:
    """Moves `amount_units` of the exchange's own money into the insurance fund, back when below zero.

    As `transfer`. An operator's has a mandate, and with it an entry in the audit trail.
    """
    return _carry_out(None, asset, amount_units, idempotency_key, mandate)


def _carry_out(
    account_id: int | None, asset: str, amount_units: int, idempotency_key: str, mandate: Mandate | None
) -> Transfer:
    """`account_id` None: of the insurance fund."""
    if not _IDEMPOTENCY_KEY.fullmatch(idempotency_key):
        raise _refusal("idempotency_key", "must be 1 to 64 printable ASCII characters without spaces")
    row, is_new = _find(account_id, idempotency_key), False
    if row is None:
        _check(account_id, asset, amount_units)
        row, is_new = _open(account_id, asset, amount_units, idempotency_key, mandate)
    if (row.asset, row.amount_units) != (asset, amount_units):
        raise ApiError("idempotency_conflict")
    if row.state == State.PENDING:
        decision = requests.ask(row, _command(row)) if is_new else requests.ask_again(row, _command)
        row = requests.settle(row, decision, _post_outcome)
    requests.raise_unless_accepted(row)
    return row


def reconcile_transfers() -> int:
    """Finishes transfers that crashes or lost answers left pending; returns how many. Safe to run at any time."""
    pending = Transfer.objects.filter(state=State.PENDING).order_by("id")[:RECONCILE_LIMIT]
    return sum(requests.finish(row, _command, _post_outcome) for row in pending)


def _find(account_id: int | None, idempotency_key: str) -> Transfer | None:
    rows = Transfer.objects.filter(account_id=account_id, idempotency_key=idempotency_key)
    return rows.exclude(state=State.VOID).first()


def _check(account_id: int | None, asset: str, amount_units: int) -> None:
    if asset not in ASSETS:
        raise _refusal("asset", f"must be one of {', '.join(ASSETS)}")
    if not 0 < abs(amount_units) <= ledger.MAXIMUM_AMOUNT_UNITS:
        raise _refusal("amount", "must not be zero, nor above 1000000000")
    if account_id is not None and not Account.objects.filter(id=account_id).exists():
        raise ApiError("account_not_found")
    if gateway.heartbeat() is None:
        raise ApiError("engine_unavailable")


def _open(
    account_id: int | None, asset: str, amount_units: int, idempotency_key: str, mandate: Mandate | None
) -> tuple[Transfer, bool]:
    """The row with the money of a deposit in transit, committed before anything is sent; another caller's if faster."""
    try:
        with transaction.atomic(durable=True):
            row = Transfer.objects.create(
                account_id=account_id,
                asset=asset,
                amount_units=amount_units,
                idempotency_key=idempotency_key,
                **requests.first_attempt(),
            )
            if amount_units > 0:
                _post(row, "out", source=_funding(row), target=_own(ledger.TRANSIT, row))
            if mandate is not None:
                _note(row, mandate)
    except IntegrityError:
        row = _find(account_id, idempotency_key)
        if row is None:
            raise ApiError("engine_busy") from None
        return row, False
    return row, True


def _command(row: Transfer) -> TransferCollateral:
    account_id = row.account_id or INSURANCE_FUND
    return TransferCollateral(
        requests.command_id_of(row), row.final_at_ns, account_id, row.asset, row.amount_units, row.id
    )


def _note(row: Transfer, mandate: Mandate) -> None:
    """In the audit trail, before anything is sent."""
    intent = Intent("fund.transfer", "insurance fund", {}, {"asset": row.asset, "amount_units": row.amount_units})
    audit.begin(
        mandate=mandate,
        intent=intent,
        command_id=requests.command_id_of(row),
        journal_sequence=row.proven_sequence,
    )


def _post_outcome(row: Transfer) -> None:
    if row.state == State.ACCEPTED and row.amount_units > 0:
        _post(row, "in", source=_own(ledger.TRANSIT, row), target=_own(ledger.COLLATERAL, row))
    elif row.state == State.ACCEPTED:
        _post(row, "in", source=_own(ledger.COLLATERAL, row), target=_funding(row))
    elif row.amount_units > 0:
        _post(row, "back", source=_own(ledger.TRANSIT, row), target=_funding(row))
    if row.account_id is None:
        audit.finish_command(
            command_id=requests.command_id_of(row), outcome=row.state, code=row.code, sequence=row.sequence
        )


def _post(row: Transfer, step: str, *, source: LedgerAccountName, target: LedgerAccountName) -> None:
    post_entry(
        idempotency_key=f"transfer:{row.id}:{step}",
        kind="transfer",
        movements=ledger.move(source=source, target=target, amount_units=abs(row.amount_units)),
    )


def _funding(row: Transfer) -> LedgerAccountName:
    """Where the money comes from, and goes to."""
    if row.account_id is None:
        return _own(ledger.EQUITY, row)
    return LedgerAccountName(ledger.FUNDING, row.asset, row.account_id)


def _own(kind: str, row: Transfer) -> LedgerAccountName:
    return LedgerAccountName(kind, row.asset)


def _refusal(field: str, reason: str) -> ApiError:
    return ApiError("invalid_parameter", f"{field} {reason}.", {"field": field})
