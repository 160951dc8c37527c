"""The order-to-trade limit: who tells the engine far more than is traded may only cancel for a while.

Only what was set here is undone here: an operator's later word on the account stays.
"""

import logging
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection

from compliance.models import AuditEntry
from compliance.services.audit import Intent, Mandate
from exchange.contract.errors import ApiError
from trading.core.terms import ACCOUNT_CANCEL_ONLY
from trading.engine.commands import SetAccountState
from trading.models import AccountActivity, ActivityHold
from trading.services import audited
from trading.services.accounts import STATE_WORDS
from trading.services.requests import UNKNOWN, stamp

ACTION: Final = "account.state"
RETRY_AFTER: Final = timedelta(minutes=1)

_TOO_MUCH: Final = """
SELECT a.account_id, e.state, sum(a.messages), sum(a.fills) FROM trading_accountactivity a
JOIN trading_engineaccount e USING (account_id)
WHERE a.minute_ns > %(since_ns)s AND e.state < %(cancel_only)s
    AND NOT EXISTS (SELECT FROM trading_activityhold h WHERE h.account_id = a.account_id)
GROUP BY 1, 2
HAVING sum(a.messages) >= %(messages)s AND sum(a.messages) > %(ratio)s * greatest(sum(a.fills), 1)
ORDER BY 1
"""

logger = logging.getLogger(__name__)


def keep_limit(*, now: datetime) -> tuple[int, int]:
    """(accounts that may only cancel from now on, accounts that may trade again). Safe to run at any time."""
    held = sum(_hold(*row, now) for row in _too_much(now))
    due = ActivityHold.objects.filter(until__lte=now).order_by("account_id")
    return held, sum(_release(hold, now) for hold in list(due))


def forget_activity(*, now: datetime) -> int:
    """Deletes what is older than ACTIVITY_KEPT_DAYS, and no longer looked at; returns how many minutes."""
    kept = max(timedelta(days=settings.ACTIVITY_KEPT_DAYS), timedelta(seconds=settings.ORDER_TO_TRADE["window_s"]))
    before_ns = int((now - kept).timestamp()) * 10**9
    count, _ = AccountActivity.objects.filter(minute_ns__lt=before_ns).delete()
    return count


def _too_much(now: datetime) -> list[tuple[int, int, int, int]]:
    limit = settings.ORDER_TO_TRADE
    since_ns = int((now - timedelta(seconds=limit["window_s"])).timestamp()) * 10**9
    parameters = {**limit, "since_ns": since_ns, "cancel_only": ACCOUNT_CANCEL_ONLY}
    with connection.cursor() as cursor:
        cursor.execute(_TOO_MUCH, parameters)
        return cursor.fetchall()


def _hold(account_id: int, state: int, messages: int, fills: int, now: datetime) -> bool:
    """The row first: a command whose answer is lost is undone all the same, one that surely did nothing leaves none.
    Of two who try, one sends."""
    command = SetAccountState(*stamp(), account_id, ACCOUNT_CANCEL_ONLY, state)
    fields = {
        "previous_state": state,
        "command_id": command.command_id.hex(),
        "until": now + timedelta(seconds=settings.ORDER_TO_TRADE["cool_down_s"]),
        "messages": messages,
        "fills": fills,
    }
    _, is_new = ActivityHold.objects.get_or_create(account_id=account_id, defaults=fields)
    reason = f"{messages} orders, amends and cancels for {fills} fills in {settings.ORDER_TO_TRADE['window_s']} s"
    if not is_new:
        return False
    code = _submit(command, before=state, reason=reason)
    if code not in ("", UNKNOWN):
        ActivityHold.objects.filter(account_id=account_id, command_id=command.command_id.hex()).delete()
    return not code


def _release(hold: ActivityHold, now: datetime) -> bool:
    mine = ActivityHold.objects.filter(account_id=hold.account_id, until=hold.until)
    if not mine.update(until=now + RETRY_AFTER):
        return False  # somebody else does it
    entries = AuditEntry.objects.filter(action=ACTION, target=_target(hold.account_id))
    latest = entries.filter(outcome__in=("accepted", "pending")).order_by("-id").first()
    if latest is not None and latest.outcome == AuditEntry.Outcome.PENDING:
        return False  # what the account's state is will be known soon
    is_ours = latest is not None and latest.command_id == hold.command_id
    if is_ours:
        command = SetAccountState(*stamp(), hold.account_id, hold.previous_state, ACCOUNT_CANCEL_ONLY)
        if _submit(command, before=ACCOUNT_CANCEL_ONLY, reason="the time for which it could only cancel is over"):
            return False
    ActivityHold.objects.filter(account_id=hold.account_id, command_id=hold.command_id).delete()
    return is_ours


def _submit(command: SetAccountState, *, before: int, reason: str) -> str:
    """Why it is not known to be done; "" when it is."""
    account_id = command.account_id
    states = {"state": STATE_WORDS[before]}, {"state": STATE_WORDS[command.state]}
    try:
        audited.submit(command, mandate=Mandate(None, reason), intent=Intent(ACTION, _target(account_id), *states))
    except ApiError as error:
        logger.warning("Account %s is not %s yet: %s", account_id, STATE_WORDS[command.state], error.code)
        return error.code
    logger.warning("Account %s is %s: %s.", account_id, STATE_WORDS[command.state], reason)
    return ""


def _target(account_id: int) -> str:
    return f"account {account_id}"
