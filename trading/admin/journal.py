"""The journal with its records decoded, the lease and the snapshots: to look at."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html

from compliance.admin_site import ReadOnlyAdmin
from trading.engine.events import Record
from trading.models import EngineLease, JournalPage, SnapshotPage


@admin.register(JournalPage)
class JournalAdmin(ReadOnlyAdmin):
    list_display = ("last_sequence", "first_sequence", "moment", "epoch", "logic_version")
    fields = (
        "first_sequence", "last_sequence", "moment", "time_ns", "epoch", "format", "logic_version", "previous", "own",
        "decoded",
    )  # fmt: skip
    search_fields = ("=last_sequence",)
    search_help_text = "A sequence: the row that holds its record."
    without = ("payload",)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """The row that holds the record with this sequence."""
        if not search_term.isdecimal() or len(search_term) > 18:
            return queryset, False
        held = queryset.filter(first_sequence__lte=int(search_term), last_sequence__gte=int(search_term))
        return held, False

    @admin.display(description="time (UTC)")
    def moment(self, row: JournalPage) -> str:
        return f"{datetime.fromtimestamp(row.time_ns / 10**9, UTC):%Y-%m-%d %H:%M:%S.%f}"

    @admin.display(description="hash of the row before")
    def previous(self, row: JournalPage) -> str:
        return _hex(row.previous_hash)

    @admin.display(description="hash")
    def own(self, row: JournalPage) -> str:
        return _hex(row.hash)

    @admin.display(description="records")
    def decoded(self, row: JournalPage) -> str:
        return format_html("<pre>{}</pre>", "\n".join(map(record_text, row.records())))


def record_text(record: Record) -> str:
    """A record as lines: its command, then each of its events."""
    head = f"{record.sequence}  cause {record.cause_sequence}  {_struct_text(record.command)}"
    return "\n".join([head, *(f"    {_struct_text(event)}" for event in record.events)])


def _struct_text(struct: msgspec.Struct) -> str:
    fields = ((name, getattr(struct, name)) for name in struct.__struct_fields__)
    said = ", ".join(f"{name}={value.hex() if isinstance(value, bytes) else repr(value)}" for name, value in fields)
    return f"{type(struct).__name__}({said})"


@admin.register(SnapshotPage)
class SnapshotAdmin(ReadOnlyAdmin):
    list_display = ("sequence", "format", "logic_version", "state_hash")
    fields = list_display

    @admin.display(description="state hash")
    def state_hash(self, row: SnapshotPage) -> str:
        return _hex(row.hash)


@admin.register(EngineLease)
class EngineLeaseAdmin(ReadOnlyAdmin):
    list_display = ("domain", "epoch", "last_sequence", "last_row_hash")
    fields = list_display

    @admin.display(description="hash of the last row")
    def last_row_hash(self, row: EngineLease) -> str:
        return _hex(row.last_hash)


def _hex(value: bytes | memoryview) -> str:
    return bytes(value).hex()
