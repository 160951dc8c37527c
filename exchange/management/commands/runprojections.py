"""Run every reader of the journal: the projections of all apps, what they tell the gateways, the writer of snapshots."""

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
    help = "Follows the journal and keeps the rows of orders, trades, positions, postings and market data and the streams up to date."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        projector = Projector(PROJECTIONS, publish=Publisher().publish)
        run([projector.step, SnapshotFollower().step], stop=stop)
