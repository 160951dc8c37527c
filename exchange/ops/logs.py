"""How every process logs: one line of JSON an event; on a terminal, something to read. No secret leaves in a line.

A line has `time`, `level`, `logger`, `process` and `event`; what is bound to the context (`request_id`) and what is
given as `extra` (`sequence`, the engine's) stands beside them. Settings import this: no Django here.
"""

import json
import os
import re
import sys
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor

JSON: Final = "json"
CONSOLE: Final = "console"
HIDDEN: Final = "***"
SECRET_NAMES: Final = re.compile(r"password|secret|signature|authorization|cookie|token|csrf|session", re.IGNORECASE)
CREDENTIALS: Final = re.compile(r"(://[^/\s:@]*:)[^@/\s]+(?=@)")
KEYS_OF_LETTERS: Final = re.compile(r"(/(?:confirm-email|reset-password)/)[^\s\"'/]+")


def default_style() -> str:
    return CONSOLE if sys.stdout.isatty() else JSON


def configuration(*, level: str, style: str, secrets: Collection[str | None]) -> dict[str, Any]:
    """What Django's LOGGING takes. `secrets` are never printed, wherever they turn up."""
    formatter = {
        "()": ProcessorFormatter,
        "foreign_pre_chain": _context(style),
        "processors": [ProcessorFormatter.remove_processors_meta, *_renderers(style), _hider(secrets)],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.request": {"level": "ERROR"},  # a refused request is the client's business, not a warning of ours
            "django.security": {"level": "ERROR"},
            "celery": {"level": "WARNING"},
            "daphne": {"level": "WARNING"},
            "uvicorn": {"handlers": [], "level": "WARNING", "propagate": True},
            "uvicorn.error": {"handlers": [], "propagate": True},
            "asyncio": {"level": "WARNING"},  # at DEBUG they tell of every selector and every statement
            "psycopg": {"level": "WARNING"},
        },
    }


def wrapped(name: str, line: str) -> str:
    """A line of a program that knows nothing of all this, as JSON; one that is JSON already, as it is."""
    if line.startswith("{"):
        return line
    time = datetime.now(UTC).isoformat()
    return json.dumps({"event": line, "level": "info", "time": time, "process": name}, ensure_ascii=False)


def _context(style: str) -> list[Processor]:
    clock = {"fmt": "%H:%M:%S", "utc": False} if style == CONSOLE else {"fmt": "iso", "utc": True}
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.ExtraAdder(),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(**clock, key="time"),
        _name_request,
        _hide_by_name,
    ]


def _renderers(style: str) -> list[Processor]:
    if style == CONSOLE:
        plain = structlog.dev.plain_traceback
        return [
            structlog.dev.ConsoleRenderer(colors=True, pad_event_to=0, timestamp_key="time", exception_formatter=plain)
        ]
    return [
        _add_process,
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
    ]


def _add_process(logger: Any, method: str, event: EventDict) -> EventDict:
    return {**event, "process": PROCESS_NAME, "pid": os.getpid()}


def _name_request(logger: Any, method: str, event: EventDict) -> EventDict:
    """Django gives the request itself along; its query is nobody's business."""
    request = event.pop("request", None)
    return event if request is None else {**event, "method": getattr(request, "method", None)}


def _hide_by_name(logger: Any, method: str, event: EventDict) -> EventDict:
    return {name: HIDDEN if SECRET_NAMES.search(name) else value for name, value in event.items()}


def _hider(secrets: Collection[str | None]) -> Any:
    known = sorted((secret for secret in secrets if secret and len(secret) >= 8), key=len, reverse=True)

    def hide(logger: Any, method: str, line: str) -> str:
        for secret in known:
            line = line.replace(secret, HIDDEN)
        return KEYS_OF_LETTERS.sub(rf"\1{HIDDEN}", CREDENTIALS.sub(rf"\1{HIDDEN}", line))

    return hide


def _process_name() -> str:
    """As the supervisor calls it; else the command of manage.py, else the program."""
    program = Path(sys.argv[0]).name if sys.argv else "python"
    command = sys.argv[1] if program == "manage.py" and len(sys.argv) > 1 else program
    return os.environ.get("PROCESS_NAME", command)


PROCESS_NAME: Final = _process_name()
