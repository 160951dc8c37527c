"""The journal and its snapshots as the admin site can show them: the same tables, with a key of one column.

There is one clearing domain, so that a sequence names a row.
"""

from django.db import models

from trading.engine.events import Record
from trading.engine.wire import decode_records


class JournalPage(models.Model):
    """A row of the journal."""

    last_sequence = models.BigIntegerField(primary_key=True)
    first_sequence = models.BigIntegerField()
    epoch = models.BigIntegerField()
    time_ns = models.BigIntegerField()
    format = models.IntegerField()
    logic_version = models.IntegerField()
    payload = models.BinaryField()
    previous_hash = models.BinaryField()
    hash = models.BinaryField()

    class Meta:
        managed = False
        db_table = "trading_journal"
        default_permissions = ()
        verbose_name = "journal row"

    def __str__(self) -> str:
        return f"journal {self.first_sequence}-{self.last_sequence}"

    def records(self) -> list[Record]:
        return decode_records(self.payload)


class SnapshotPage(models.Model):
    """A snapshot, without its payload."""

    sequence = models.BigIntegerField(primary_key=True)
    format = models.IntegerField()
    logic_version = models.IntegerField()
    hash = models.BinaryField()

    class Meta:
        managed = False
        db_table = "trading_snapshot"
        default_permissions = ()
        verbose_name = "snapshot"

    def __str__(self) -> str:
        return f"snapshot at {self.sequence}"
