"""The standard order workload: 48% new limits near the touch, 37% cancels of a live order, 5% amends, 5% crossing
limits, 5% market and IOC orders, 1 to 5 fills an aggressor, about 2,000 live orders on about 240 levels.

Everything follows from the seed. `Flow` is one instrument's stream as operations on a book; `order_commands` are the
same streams of two instruments as encoded commands of many accounts.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from tests.performance.book import Book
from tests.performance.listing import INSTRUMENTS, PARAMETERS, perpetual
from trading.core.orders import Order
from trading.core.terms import BUY, EXPIRE_TAKER, GTC, IOC, LIMIT, MARKET, SELL
from trading.engine import commands as c
from trading.engine.wire import encode_command

SEED: Final = 20_260_101
WARM_UP: Final = 50_000
LIVE_ORDERS: Final = 2_000
CENTRE_TICKS: Final = 600_000
TICKS_A_SIDE: Final = 120
LARGEST_LOTS: Final = 100
PLACED_OF_QUIET: Final = 48 / 85  # new limits, of new limits and cancels
FILLS: Final = (1, 2, 3, 4, 5)
FILL_WEIGHTS: Final = (40, 30, 15, 10, 5)

PLACE, CANCEL, AMEND, CROSS, TAKE_MARKET, TAKE_LIMIT = range(6)


class Operation(NamedTuple):
    """`lots` is what is open after an amend and `total_lots` the order's new total; `fills` counts its makers."""

    kind: int
    number: int
    side: int
    price_ticks: int
    lots: int
    total_lots: int
    owner: int
    fills: int


class Flow:
    """One instrument's stream. It keeps a book of its own to know what lives, and who would trade with himself."""

    def __init__(self, *, seed: int, live_orders: int, owners: int) -> None:
        self._random = random.Random(seed)
        self._live_orders, self._owners = live_orders, owners
        self._ticks = int(TICKS_A_SIDE * max(1.0, live_orders / LIVE_ORDERS) ** 0.5)
        self._centre_ticks = CENTRE_TICKS
        self._owner_of: dict[int, int] = {}
        self._live: list[int] = []
        self._place_of: dict[int, int] = {}
        self._number = -1
        self.book = Book()

    def fill(self) -> Iterator[Operation]:
        """Until the book is as full as it is to be."""
        while len(self._live) < self._live_orders:
            yield self._new_limit()

    def next(self) -> Operation:
        draw = self._random.random()
        if draw < 0.85:
            missing = (self._live_orders - len(self._live)) / self._live_orders
            if self._random.random() < PLACED_OF_QUIET + 2 * missing:
                return self._new_limit()
            return self._cancel()
        if draw < 0.90:
            return self._amend()
        if draw < 0.95:
            return self._aggress(CROSS)
        return self._aggress(TAKE_MARKET if draw < 0.975 else TAKE_LIMIT)

    def levels(self) -> int:
        return sum(1 for side in (BUY, SELL) for _ in self.book.ladders.ladder(side).walk())

    def _passive_price_ticks(self, side: int) -> int:
        if self._random.random() < 0.001:
            self._centre_ticks += self._random.choice((-1, 1))
        away = 1 + int(self._random.expovariate(3 / self._ticks)) % self._ticks
        price_ticks = self._centre_ticks - side * away
        best_ticks = self.book.ladders.ladder(-side).best_price_ticks()
        return price_ticks if not best_ticks or side * (best_ticks - price_ticks) > 0 else best_ticks - side

    def _new_limit(self) -> Operation:
        number = self._next_number()
        side = self._random.choice((BUY, SELL))
        lots = self._random.randint(1, LARGEST_LOTS)
        owner = self._owner_of[number] = self._random.randrange(self._owners)
        price_ticks = self._passive_price_ticks(side)
        self.book.place(number, side, price_ticks, lots)
        self.book.orders[number].quantity_lots = lots  # the book itself never asks for it
        self._place_of[number] = len(self._live)
        self._live.append(number)
        return Operation(PLACE, number, side, price_ticks, lots, lots, owner, 0)

    def _cancel(self) -> Operation:
        order = self._any_live()
        self.book.cancel(order.order_id)
        return Operation(CANCEL, order.order_id, order.side, 0, 0, 0, self._forget(order.order_id), 0)

    def _amend(self) -> Operation:
        order = self._any_live()
        number, lots, price_ticks = order.order_id, order.open_lots, order.price_ticks
        if lots > 1 and self._random.random() < 0.5:
            lots = self._random.randint(1, lots - 1)
            order.quantity_lots += lots - order.open_lots
        else:
            while price_ticks == order.price_ticks:
                price_ticks = self._passive_price_ticks(order.side)
        self.book.amend(number, price_ticks, lots)
        owner = self._owner_of[number]
        return Operation(AMEND, number, order.side, price_ticks, lots, order.quantity_lots, owner, 0)

    def _aggress(self, kind: int) -> Operation:
        """Sized to be filled by exactly so many makers, none of them of the same owner."""
        side = self._random.choice((BUY, SELL))
        wanted = self._random.choices(FILLS, FILL_WEIGHTS)[0]
        makers = self._first(side=-side, count=wanted)
        if not makers:
            return self._new_limit()
        last = makers[-1]
        lots = sum(maker.open_lots for maker in makers[:-1]) + self._random.randint(1, last.open_lots)
        price_ticks = last.price_ticks
        taken = {self._owner_of[maker.order_id] for maker in makers}
        owner = next(owner for owner in iter(lambda: self._random.randrange(self._owners), None) if owner not in taken)
        number = self._next_number()
        assert self.book.take(side, price_ticks, lots) == lots
        for maker in makers:
            if not maker.open_lots:
                self._forget(maker.order_id)
        return Operation(kind, number, side, price_ticks, lots, lots, owner, len(makers))

    def _first(self, *, side: int, count: int) -> list[Order]:
        makers: list[Order] = []
        for level in self.book.ladders.ladder(side).walk():
            maker = level.oldest
            while maker is not None:
                makers.append(maker)
                if len(makers) == count:
                    return makers
                maker = maker.newer
        return makers

    def _any_live(self) -> Order:
        return self.book.orders[self._random.choice(self._live)]

    def _forget(self, number: int) -> int:
        """Take a closed order out of the live ones; returns its owner."""
        place, moved = self._place_of.pop(number), self._live.pop()
        if moved != number:
            self._live[place] = moved
            self._place_of[moved] = place
        return self._owner_of.pop(number)

    def _next_number(self) -> int:
        self._number += 1
        return self._number


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Encoded. `opening` makes accounts, instruments and the book, then come the warm-up and what is measured."""

    opening: list[bytes]
    warm_up: list[bytes]
    measured: list[bytes]
    ids_given: int
    open_orders: int
    trades_measured: int


COLLATERAL_UNITS: Final = 10**13


def market_opening(*, accounts: int) -> Iterator[c.ExternalCommand]:
    """Two perpetuals with a mark price, accounts 1 to `accounts` with plenty of collateral."""
    for instrument_id, symbol, underlying in INSTRUMENTS:
        yield c.ListInstrument(b"", 0, perpetual(instrument_id, symbol, underlying), PARAMETERS)
        yield c.UpdateMarkPrice(b"", 0, instrument_id, CENTRE_TICKS)
    for account_id in range(1, accounts + 1):
        yield c.OpenAccount(b"", 0, account_id, account_id)
        yield c.TransferCollateral(b"", 0, account_id, "USDT", COLLATERAL_UNITS, account_id)


def order_commands(
    *,
    commands: int,
    warm_up: int = WARM_UP,
    accounts: int = 1_000,
    live_orders: int = LIVE_ORDERS,
    named: bool = False,
    seed: int = SEED,
) -> Commands:
    """`named`: every order carries a client order id. `live_orders` is the sum of both instruments."""
    writer = _Writer(named=named, seed=seed)
    flows = [
        Flow(seed=seed + instrument_id, live_orders=live_orders // 2, owners=accounts)
        for instrument_id, _, _ in INSTRUMENTS
    ]
    opening = [encode_command(command) for command in market_opening(accounts=accounts)]
    for index, flow in enumerate(flows):
        opening += [writer.encoded(index, operation) for operation in flow.fill()]
    chance = random.Random(seed)
    warming = []
    for count in (warm_up, commands):
        trades_before = writer.trades
        part = []
        for _ in range(count):
            index = chance.randrange(2)
            part.append(writer.encoded(index, flows[index].next()))
        warming.append(part)
    return Commands(
        opening=opening,
        warm_up=warming[0],
        measured=warming[1],
        ids_given=writer.ids_given,
        open_orders=sum(len(flow.book.orders) for flow in flows),
        trades_measured=writer.trades - trades_before,
    )


class _Writer:
    """Operations as commands. Order ids are those the engine will give: it counts orders and trades alike."""

    def __init__(self, *, named: bool, seed: int) -> None:
        self._named = named
        self._random = random.Random(seed)
        self._order_ids: dict[tuple[int, int], int] = {}
        self.ids_given = 0
        self.trades = 0

    def encoded(self, index: int, operation: Operation) -> bytes:
        command_id, account_id = self._random.randbytes(16), operation.owner + 1
        key = (index, operation.number)
        if operation.kind == CANCEL:
            return encode_command(c.CancelOrder(command_id, 0, account_id, self._order_ids.pop(key)))
        if operation.kind == AMEND:
            order_id = self._order_ids[key]
            amend = c.AmendOrder(command_id, 0, account_id, order_id, operation.total_lots, operation.price_ticks)
            return encode_command(amend)
        self.ids_given += 1
        if operation.kind == PLACE:
            self._order_ids[key] = self.ids_given * 64 + 1
        self.ids_given += operation.fills
        self.trades += operation.fills
        is_market = operation.kind == TAKE_MARKET
        return encode_command(
            c.PlaceOrder(
                command_id,
                0,
                account_id,
                INSTRUMENTS[index][0],
                f"order-{index}-{operation.number}" if self._named else "",
                operation.side,
                MARKET if is_market else LIMIT,
                operation.lots,
                0 if is_market else operation.price_ticks,
                GTC if operation.kind in (PLACE, CROSS) else IOC,
                EXPIRE_TAKER,
            )
        )


def book_operations(*, commands: int, warm_up: int = WARM_UP, seed: int = SEED) -> tuple[list[Operation], Flow]:
    """The stream of one book, filling and warm-up first; the flow as it is afterwards."""
    flow = Flow(seed=seed, live_orders=LIVE_ORDERS, owners=1_000)
    operations = list(flow.fill())
    operations += [flow.next() for _ in range(warm_up + commands)]
    return operations, flow
