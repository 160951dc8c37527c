"""What a replay did, counted, and how it is told."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from trading.services.reconciliation import Finding


@dataclass(slots=True)
class Tally:
    """Counts of a running replay. A depth message matches when the engine's best prices are those of the recording."""

    messages: int = 0
    depth_messages: int = 0
    matched: int = 0
    commands: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    fills: int = 0
    trades_sent: int = 0
    trades_filled: int = 0
    trade_lots: int = 0
    filled_lots: int = 0
    prints_off_the_book: int = 0
    retries: int = 0
    restarts: int = 0
    sequence: int = 0
    seconds: float = 0.0


def report(*, file: str, tally: Tally, sequence_gaps: int, findings: list[Finding]) -> dict[str, Any]:
    """The report as plain JSON values; shares and rates are rounded for reading."""
    return {
        "file": file,
        "messages": tally.messages,
        "commands": tally.commands,
        "seconds": round(tally.seconds, 3),
        "commands_per_second": round(tally.commands / tally.seconds) if tally.seconds else 0,
        "refused": dict(sorted(tally.refused.items())),
        "fills": tally.fills,
        "depth_messages": tally.depth_messages,
        "book_match_share": _share(tally.matched, tally.depth_messages),
        "trades_sent": tally.trades_sent,
        "trades_filled_share": _share(tally.trades_filled, tally.trades_sent),
        "quantity_filled_share": _share(tally.filled_lots, tally.trade_lots),
        "prints_off_the_book": tally.prints_off_the_book,
        "sequence_gaps": sequence_gaps,
        "retries": tally.retries,
        "restarts": tally.restarts,
        "last_sequence": tally.sequence,
        "invariants": [finding._asdict() for finding in findings],
    }


def as_text(values: dict[str, Any]) -> str:
    """The report as a table of two columns."""
    rows = [(name, _text(value)) for name, value in values.items() if name != "invariants"]
    rows += [
        (finding["id"], f"{_verdict(finding['violations'])}: {finding['sentence']}") for finding in values["invariants"]
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in rows)


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 1.0


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items()) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _verdict(violations: int) -> str:
    return "holds" if not violations else f"{violations:,} violations"
