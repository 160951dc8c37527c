"""Run every reader of the journal: projections, with what they tell the gateways, and the writer of snapshots."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from trading.projections.projector import Projector
from trading.projections.publisher import Publisher
from trading.projections.registry import PROJECTIONS
from trading.projections.runner import run
from trading.worker.follower import SnapshotFollower


class Command(BaseCommand):
    help = "Follows the journal: keeps the rows of orders, trades and all else up to date, and tells the streams."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        projector = Projector(PROJECTIONS, publish=Publisher().publish)
        run([projector.step, SnapshotFollower().step], stop=stop)
