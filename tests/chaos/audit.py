"""`python -m tests.chaos.audit`: refolds the whole journal of the running exchange, and says what it found as JSON."""

import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exchange.settings")
django.setup()

from trading.engine.commands import InternalCommand  # noqa: E402
from trading.engine.engine import Engine  # noqa: E402
from trading.engine.events import CommandRepeated  # noqa: E402
from trading.engine.snapshot import state_hash  # noqa: E402
from trading.engine.wire import decode_records  # noqa: E402
from trading.models.journal import DOMAIN, NO_HASH, EngineLease, JournalRow, Snapshot  # noqa: E402
from trading.worker.group_commit import Lease  # noqa: E402
from trading.worker.journal import JournalTables  # noqa: E402
from trading.worker.recovery import Replay, recover  # noqa: E402


def audit() -> dict[str, object]:
    """Raises BrokenJournal or AssertionError where the journal is not whole."""
    row = EngineLease.objects.get(domain=DOMAIN)
    lease = Lease(
        domain=DOMAIN, epoch=row.epoch, last_sequence=row.last_sequence, last_hash=bytes(row.last_hash or NO_HASH)
    )
    whole = Replay(engine=Engine(DOMAIN))
    seen: set[bytes] = set()
    twice = 0
    for batch in JournalRow.objects.filter(domain=DOMAIN, last_sequence__lte=lease.last_sequence).order_by(
        "last_sequence"
    ):
        whole.fold(batch)
        for record in decode_records(batch.payload):
            if isinstance(record.command, InternalCommand) or not record.command.command_id:
                continue
            is_repeat = bool(record.events) and isinstance(record.events[0], CommandRepeated)
            twice += not is_repeat and record.command.command_id in seen
            seen.add(record.command.command_id)
    recovered = recover(source=JournalTables(), lease=lease)
    return {
        "sequence": whole.sequence,
        "is_whole": (whole.sequence, whole.hash) == (lease.last_sequence, lease.last_hash),
        "hashes_agree": state_hash(whole.engine.state) == state_hash(recovered.state),
        "snapshots": Snapshot.objects.count(),
        "executed_twice": twice,
        "epoch": lease.epoch,
    }


if __name__ == "__main__":
    print(json.dumps(audit()))
