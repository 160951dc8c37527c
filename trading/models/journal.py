"""The journal: every batch the engine committed, in order, for ever. Its lease, and snapshots of what it adds up to."""

import hashlib
import struct
from typing import Protocol

import psycopg
from django.db import connection, models

from trading.engine.events import Record
from trading.engine.wire import decode_records

DOMAIN = 1
HASH_BYTES = 32
NO_HASH = bytes(HASH_BYTES)  # what stands before the first batch
HEADER = struct.Struct(">qqqqqii")


class Batch(Protocol):
    """What a journal row says, whoever holds it."""

    domain: int
    first_sequence: int
    last_sequence: int
    epoch: int
    time_ns: int
    format: int
    logic_version: int
    payload: bytes
    previous_hash: bytes
    hash: bytes


def chain_hash(batch: Batch) -> bytes:
    """sha256(previous hash + header + payload): what `batch.hash` has to be. Header: seven big-endian integers."""
    header = HEADER.pack(
        batch.domain,
        batch.first_sequence,
        batch.last_sequence,
        batch.epoch,
        batch.time_ns,
        batch.format,
        batch.logic_version,
    )
    summary = hashlib.sha256(bytes(batch.previous_hash) + header)
    summary.update(batch.payload)
    return summary.digest()


class JournalRow(models.Model):
    """A batch of records. A trigger refuses to change or delete one; the lease's fence keeps the sequences gapless."""

    pk = models.CompositePrimaryKey("domain", "last_sequence")
    domain = models.SmallIntegerField()
    first_sequence = models.BigIntegerField()
    last_sequence = models.BigIntegerField()
    epoch = models.BigIntegerField(help_text="Of the lease under which it was written.")
    time_ns = models.BigIntegerField(help_text="Engine time of its last record, UTC.")
    format = models.IntegerField(help_text="Of the payload.")
    logic_version = models.IntegerField(help_text="Of the rules that decided it.")
    payload = models.BinaryField(help_text="The records, msgpack.")
    previous_hash = models.BinaryField(help_text="Of the row before, zeros for the first.")
    hash = models.BinaryField(help_text="sha256(previous hash + header + payload).")

    class Meta:
        db_table = "trading_journal"
        constraints = [
            models.UniqueConstraint(fields=["domain", "first_sequence"], name="journal_first_sequence_unique"),
            models.CheckConstraint(
                condition=models.Q(first_sequence__gte=1, last_sequence__gte=models.F("first_sequence")),
                name="journal_sequences_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"journal {self.first_sequence}-{self.last_sequence}"

    def records(self) -> list[Record]:
        return decode_records(self.payload)


class EngineLease(models.Model):
    """Who may append, and after what: an append moves `last_sequence` on in the same statement, or does nothing."""

    domain = models.SmallIntegerField(primary_key=True)
    epoch = models.BigIntegerField(help_text="Rises with every take-over.")
    last_sequence = models.BigIntegerField(help_text="End of the journal, 0 when it is empty.")
    last_hash = models.BinaryField()

    class Meta:
        db_table = "trading_engine_lease"

    def __str__(self) -> str:
        return f"domain {self.domain}, epoch {self.epoch}"


class Snapshot(models.Model):
    """The engine's state after the journal row that ends with `sequence`."""

    pk = models.CompositePrimaryKey("domain", "sequence")
    domain = models.SmallIntegerField()
    sequence = models.BigIntegerField()
    format = models.IntegerField()
    logic_version = models.IntegerField()
    payload = models.BinaryField()
    hash = models.BinaryField(help_text="State hash: what the state loaded from the payload must have.")

    class Meta:
        db_table = "trading_snapshot"

    def __str__(self) -> str:
        return f"snapshot at {self.sequence}"


def read_rows(*, after_sequence: int, limit: int = 200) -> list[JournalRow]:
    """The next rows of the journal, oldest first: those with at least one record later than `after_sequence`."""
    names = [field.attname for field in JournalRow._meta.concrete_fields]
    rows = JournalRow.objects.filter(domain=DOMAIN, last_sequence__gt=after_sequence).order_by("last_sequence")
    sql, parameters = rows.values_list(*names)[:limit].query.sql_with_params()
    connection.validate_no_broken_transaction()
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    # Not as Django asks: it would get payloads as text, twice as long and slow to read.
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return [
            JournalRow.from_db(connection.alias, names, row) for row in cursor.execute(sql, parameters, binary=True)
        ]


def record_at(*, sequence: int) -> Record | None:
    """The record with this sequence, None when the journal has not come that far."""
    rows = read_rows(after_sequence=sequence - 1, limit=1)
    return rows[0].records()[sequence - rows[0].first_sequence] if rows else None


def journal_head() -> int:
    """The sequence of the last committed record, 0 when there is none."""
    row = EngineLease.objects.filter(domain=DOMAIN).values_list("last_sequence", flat=True).first()
    return row or 0
