"""`manage.py reconcile`: the ledger invariants, checked on the rows of the running exchange."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trading.services.reconciliation import ReadersBehind, reconcile


class Command(BaseCommand):
    help = "Check every ledger invariant on the rows; the exit code is not 0 when one is broken."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            findings = reconcile()
        except ReadersBehind as behind:
            raise CommandError(str(behind)) from None
        for finding in findings:
            verdict = f"{finding.violations} violations" if finding.violations else "ok"
            self.stdout.write(f"{finding.id:<20} {verdict:<14} {finding.sentence}")
        broken = [finding.id for finding in findings if finding.violations]
        if broken:
            raise CommandError(f"Broken: {', '.join(broken)}.")
