"""Orders by message. Nothing here waits for the engine: operations are sent as they come and answered as they end."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final, NoReturn, TypeVar

from exchange.contract.digests import socket_command_id
from exchange.contract.errors import ApiError
from exchange.identity import throttles
from exchange.identity.principals import Principal
from trading.api import answers, quote_answers
from trading.api.order_desk import OrderDesk, ReadModels, batch_cost, mass_quote_cost
from trading.api.recent_orders import RECENT_ORDERS
from trading.api.requests import CancelAfter as CancelAfterFields
from trading.api.requests import MassQuote as MassQuoteFields
from trading.api.scales import Scale
from trading.engine.commands import CancelAfter, ExternalCommand
from trading.engine.replies import Outcome
from trading.services.gateway import is_repeated, new_command_id, read_first_outcome
from trading.streams import requests as r
from trading.streams.frames import Frame, error_frame, result_frame
from trading.streams.hub import Hub
from trading.streams.limits import Purse
from trading.streams.markets import Markets, NotInMemory
from trading.streams.renewal import SWITCH_MS, Renewal

MAXIMUM_IN_FLIGHT: Final = 256

Answer = (
    answers.OrderResult
    | answers.CancelledOrders
    | answers.BatchResult
    | answers.CancelAfterState
    | quote_answers.Quotes
    | quote_answers.MarketMakerProtectionState
)
Results = list[Outcome | ApiError]
Show = Callable[[OrderDesk, Results], Answer]
Made = TypeVar("Made")


class Memory:
    """What an order desk can know without waiting. Raises NotInMemory for all else."""

    def __init__(self, markets: Markets) -> None:
        self._markets = markets

    def scale_by_symbol(self, symbol: str) -> Scale:
        return self._markets.scale_by_symbol(symbol)

    def scale_by_id(self, instrument_id: int) -> Scale:
        return self._markets.scale_by_id(instrument_id)

    def instrument_id_of(self, *, account_id: int, order_id: int) -> int:
        instrument_id = RECENT_ORDERS.instrument_id(account_id=account_id, order_id=order_id)
        if instrument_id is None:
            raise NotInMemory
        return instrument_id

    def repeated_order(self, order_id: int, *, account_id: int, sequence: int) -> NoReturn:
        raise NotInMemory

    def why_not_open(self, error: ApiError, **order: Any) -> NoReturn:
        raise NotInMemory

    def kept_quote_ids(self, levels: Sequence[tuple[int, int]], **quotes: Any) -> NoReturn:
        raise NotInMemory


class OrderEntry:
    """Of one connection and whoever authenticated it. `put` gets the answers."""

    def __init__(
        self, hub: Hub, principal: Principal, handshake: Any, connection: bytes, put: Callable[[Frame], None]
    ) -> None:
        self._hub = hub
        self._principal = principal
        self._handshake = handshake
        self._actor = principal.key_id or f"session:{principal.user.pk}"
        self._connection = connection
        self._put = put
        self._purse = Purse(self._charge)
        account_id = principal.acting_account_id()
        self._fast = OrderDesk(account_id, Memory(hub.markets), self._charge_miss_soon)
        self._slow = OrderDesk(account_id, ReadModels, partial(self._charge_now, 1, enforce=False))
        self._in_flight = 0
        self._renewal = Renewal(self._renew_switch)
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, message: r.AnyOrderMessage) -> None:
        """Returns when the operation is on its way. Refuses with rate_limited, and what is malformed in itself."""
        match message:
            case r.Place(args=order):
                command_id = await self._begin(message, cost=1)
                command = await self._make(lambda desk: desk.place(order, command_id=command_id))
                self._submit(message, [command], lambda desk, results: desk.result(command, results[0]))
            case r.Cancel(args=item):
                command = self._fast.cancel(item, command_id=await self._begin(message, cost=0))
                self._submit(message, [command], lambda desk, results: desk.result(command, results[0]))
            case r.Amend(args=change):
                command_id = await self._begin(message, cost=1)
                command = await self._make(lambda desk: desk.amend(change, order_id=change.id, command_id=command_id))
                self._submit(message, [command], lambda desk, results: desk.result(command, results[0]))
            case r.CancelAll(args=query):
                command_id = await self._begin(message, cost=0)
                command = await self._make(lambda desk: desk.cancel_all(query, command_id=command_id))
                self._submit(message, [command], lambda desk, results: desk.cancelled(results[0]))
            case r.MassQuote(args=body):
                await self._mass_quote(message, body, await self._begin(message, cost=mass_quote_cost(body)))
            case r.SetMarketMakerProtection(args=protection):
                command_id = await self._begin(message, cost=1)
                command = await self._make(lambda desk: desk.protect(protection, command_id=command_id))
                self._submit(message, [command], lambda desk, results: desk.protected(results[0]))
            case r.Batch():
                await self._batch(message)
            case r.CancelOnDisconnect():
                await self._cancel_on_disconnect(message)

    async def close(self) -> None:
        """Operations under way go on, their answers are lost; a dead man's switch is renewed no more."""
        self._renewal.pause()
        await self._purse.empty()

    async def _mass_quote(self, message: r.MassQuote, body: MassQuoteFields, command_id: bytes) -> None:
        command = await self._make(lambda desk: desk.mass_quote(body, command_id=command_id))
        self._submit(message, [command], lambda desk, results: desk.quoted(command, results[0]))

    async def _batch(self, message: r.Batch) -> None:
        command_id = await self._begin(message, cost=batch_cost(message.args))
        commands = await self._make(lambda desk: desk.batch(message.args, command_id=command_id))
        sent = [command for command in commands if not isinstance(command, ApiError)]
        self._submit(message, sent, lambda desk, results: desk.batch_result(commands, iter(results)))

    async def _cancel_on_disconnect(self, message: r.CancelOnDisconnect) -> None:
        """The switch is the engine's: should this process die, nobody renews it either."""
        command_id = await self._begin(message, cost=1)
        self._renewal.pause()
        switch = self._switch(SWITCH_MS if message.args.enabled else 0, command_id)
        self._submit(message, [switch], lambda desk, results: desk.switched(results[0]))

    def _renew_switch(self) -> None:
        self._hub.gateway.submit_many([self._switch(SWITCH_MS, new_command_id())], lambda results: None)

    def _switch(self, timeout_ms: int, command_id: bytes) -> CancelAfter:
        return self._fast.cancel_after(CancelAfterFields(timeout_ms), command_id=command_id)

    async def _begin(self, message: r.OrderMessage, *, cost: int) -> bytes:
        """The operation's command id, paid for. Refuses with rate_limited."""
        if self._in_flight + message.operations > MAXIMUM_IN_FLIGHT:
            problem = f"{MAXIMUM_IN_FLIGHT} operations are under way: wait for their answers."
            raise ApiError("rate_limited", problem, {"retry_after": 1})
        await self._purse.pay(cost)
        return socket_command_id(self._actor, self._connection, message.nonce)

    async def _make(self, make: Callable[[OrderDesk], Made]) -> Made:
        try:
            return make(self._fast)
        except NotInMemory:
            await self._hub.markets.look_again()
        try:
            return make(self._fast)
        except NotInMemory:
            return await self._make_slowly(make)

    async def _make_slowly(self, make: Callable[[OrderDesk], Made]) -> Made:
        """Names that are made up cost a credit, also in what else is free."""
        try:
            made: Made = await self._hub.read(make, desk=self._slow)
        except ApiError:
            self._charge_miss_soon()
            raise
        return made

    def _submit(self, message: r.OrderMessage, commands: list[ExternalCommand], show: Show) -> None:
        self._in_flight += message.operations
        then = partial(self._finish, message, show)
        if commands:
            self._hub.gateway.submit_many(commands, then)
        else:
            then([])

    def _finish(self, message: r.OrderMessage, show: Show, results: Results) -> None:
        try:
            if any(_is_repeated(result) for result in results):
                raise NotInMemory
            self._answer(message, show(self._fast, results))
        except NotInMemory:
            self._spawn(self._finish_slowly(message, show, results))
        except ApiError as error:
            self._answer(message, error)

    async def _finish_slowly(self, message: r.OrderMessage, show: Show, results: Results) -> None:
        def work() -> Answer:
            return show(self._slow, [read_first_outcome(each) if _is_repeated(each) else each for each in results])

        try:
            self._answer(message, await self._hub.read(work))
        except ApiError as error:
            self._answer(message, error)

    def _answer(self, message: r.OrderMessage, answer: Answer | ApiError) -> None:
        self._in_flight -= message.operations
        if isinstance(message, r.CancelOnDisconnect):
            self._renewal.resume(answer if isinstance(answer, answers.CancelAfterState) else None)
        if isinstance(answer, ApiError):
            self._put(error_frame(message.id, answer))
        else:
            self._put(result_frame(message.id, answer))

    async def _charge(self, cost: int) -> None:
        await self._hub.read(self._charge_now, cost=cost, enforce=cost >= 0)

    def _charge_now(self, cost: int, *, enforce: bool) -> None:
        self._purse.left = throttles.charge_principal(self._handshake, self._principal, cost, enforce)

    def _charge_miss_soon(self) -> None:
        self._spawn(self._hub.read(self._charge_now, cost=1, enforce=False))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _is_repeated(result: Outcome | ApiError) -> bool:
    return isinstance(result, Outcome) and is_repeated(result)
