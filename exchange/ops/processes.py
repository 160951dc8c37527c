"""The processes an exchange consists of, besides its two servers."""

import sys

from django.conf import settings

from exchange.embedded.program import Program

METRICS_FOLDER = settings.VAR_DIR / "metrics"  # where processes count


def programs() -> list[Program]:
    """In the order in which they start. The last two are the demo world; `demo` builds it and ends."""
    table = [
        ("web", web_command()),
        ("engine", manage("runengine")),
        ("readers", manage("runprojections")),
        ("tasks", celery_command()),
        ("feeds", manage("runfeeds")),
    ]
    if settings.DEMO:
        table += [("demo", manage("seed_demo")), ("crowd", manage("runcrowd"))]
    environment = {
        "PYTHONUNBUFFERED": "1",
        "LOG_FORMAT": settings.LOG_FORMAT,
        "PROMETHEUS_MULTIPROC_DIR": str(METRICS_FOLDER),
    }
    return [
        Program(name=name, command=command, environment={**environment, "PROCESS_NAME": name}, once=name == "demo")
        for name, command in table
    ]


def manage(command: str) -> tuple[str, ...]:
    return (sys.executable, str(settings.BASE_DIR / "manage.py"), command)


def web_command() -> tuple[str, ...]:
    application, port, limit = "exchange.asgi:application", str(settings.PORT), str(settings.MAXIMUM_BODY_BYTES)
    if settings.ASGI_SERVER == "uvicorn":
        options = ("--host", settings.HOST, "--port", port, "--no-access-log", "--log-level", "warning")
        sockets = ("--ws-max-size", limit, "--ws-per-message-deflate", "false")
        return (sys.executable, "-m", "uvicorn", *options, *sockets, application)
    options = ("-b", settings.HOST, "-p", port, "-v", "0", "--no-server-name")
    # Autobahn holds what we send to the message size too, and the snapshot of a deep book is large.
    sockets = (
        "--websocket-max-message-size",
        str(32 * settings.MAXIMUM_BODY_BYTES),
        "--websocket-max-frame-size",
        limit,
    )
    return (sys.executable, "-m", "daphne", *options, *sockets, application)


def celery_command() -> tuple[str, ...]:
    """Threads, because tasks wait for the engine and the database; beat inside, because an import costs seconds."""
    python = (sys.executable, "-W", "ignore:You're running the worker with superuser privileges")
    celery = (*python, "-m", "celery", "--quiet", "--app", "exchange.celery", "worker", "--beat")
    return (*celery, "--pool", "threads", "--concurrency", "4", "--loglevel", "WARNING")
