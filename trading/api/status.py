"""The clock and the state of trading."""

import time

from rest_framework.request import Request
from rest_framework.response import Response

from exchange.identity.scopes import PUBLIC
from trading.api import answers, market_presenting, presenting
from trading.api.operations import Endpoint, answer, operation
from trading.selectors.instruments import list_instruments
from trading.services import gateway


class TimeEndpoint(Endpoint):
    @operation(scope=PUBLIC, answers={200: answers.ServerTime})
    def get(self, request: Request) -> Response:
        """The server's clock, to set timestamps by."""
        return answer(answers.ServerTime(time=presenting.milliseconds(time.time_ns())))


class StatusEndpoint(Endpoint):
    @operation(scope=PUBLIC, answers={200: answers.Status})
    def get(self, request: Request) -> Response:
        """The state of the exchange and of each instrument.

        The exchange is halted while the engine is away, else in the freest state of any of its instruments: none is
        freer than the exchange as a whole.
        """
        heartbeat = gateway.heartbeat()
        content = market_presenting.status(list_instruments(), heartbeat=heartbeat)
        return answer(content, sequence=heartbeat.sequence if heartbeat else None)
