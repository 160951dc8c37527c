"""P10: resident memory of a resting order with its idempotency entry, and of an account with two positions."""

import gc
from collections.abc import Callable, Iterator
from typing import Any

import psutil

from tests.performance.p2_engine import START_NS, STEP_NS
from tests.performance.running import Row, Run, plain_row
from tests.performance.workload import CENTRE_TICKS, INSTRUMENTS, SEED, Flow, market_opening
from trading.core.terms import BUY, EXPIRE_TAKER, GTC, LIMIT, SELL
from trading.engine import commands as c
from trading.engine.engine import Engine
from trading.engine.wire import decode_command, encode_command

ACCOUNTS = 1_000
BYTES_AN_ORDER, BYTES_AN_ACCOUNT = 550, 1_024


def run(run: Run) -> list[Row]:
    orders, accounts = run.amount(300_000), run.amount(50_000)
    rows = []
    for engine in run.engines:
        plain, named, held = run.interleaved(
            run.long_rounds(),
            lambda: run.measure("p10_memory:measure_orders", engine=engine, orders=orders),  # noqa: B023
            lambda: run.measure("p10_memory:measure_orders", engine=engine, orders=orders, named=True),  # noqa: B023
            lambda: run.measure("p10_memory:measure_accounts", engine=engine, accounts=accounts),  # noqa: B023
        )
        for what, results, at_most in (
            ("resting order with its idempotency entry", plain, BYTES_AN_ORDER),
            ("the same with a client order id", named, None),
            ("account with two positions", held, BYTES_AN_ACCOUNT),
        ):
            sizes = [result["bytes"] for result in results]
            rows.append(plain_row("P10", f"{what}, {engine}", "bytes", sizes, at_most=at_most))
    return rows


def measure_orders(*, orders: int, named: bool = False) -> dict[str, Any]:
    engine = Engine()
    _execute(engine, market_opening(accounts=ACCOUNTS))
    return {"bytes": _grown(lambda: _execute(engine, _resting(orders, named))) / orders}


def measure_accounts(*, accounts: int) -> dict[str, Any]:
    """The commands of this world carry no ids, so that nothing but accounts and positions stays."""
    engine = Engine()
    _execute(engine, market_opening(accounts=2))
    result = _grown(lambda: _execute(engine, _held(accounts)))
    held = [position.lots for account in engine.state.accounts.values() for position in account.positions.values()]
    assert sum(map(bool, held)) == 2 * (accounts + 1)
    return {"bytes": result / accounts}


def _execute(engine: Engine, commands: Iterator[c.ExternalCommand]) -> None:
    """Through the wire: what a decoded command leaves in the state is not shared with anybody."""
    time_ns = max(engine.state.time_ns, START_NS)
    for command in commands:
        time_ns += STEP_NS
        records = engine.execute(decode_command(encode_command(command)), time_ns)
        assert records[-1].events[0].__class__.__name__ != "CommandRefused", records[-1].events


def _resting(orders: int, named: bool) -> Iterator[c.ExternalCommand]:
    flow = Flow(seed=SEED, live_orders=2_000, owners=ACCOUNTS)
    prices = list(flow.fill())
    for number in range(orders):
        operation = prices[number % len(prices)]
        yield c.PlaceOrder(
            (number * 0x9E3779B97F4A7C15 % 2**128).to_bytes(16, "little"),
            0,
            number % ACCOUNTS + 1,
            number % 2 + 1,
            f"order-{number}" if named else "",
            operation.side,
            LIMIT,
            operation.lots,
            operation.price_ticks,
            GTC,
            EXPIRE_TAKER,
        )


def _held(accounts: int) -> Iterator[c.ExternalCommand]:
    """Account 1 sells to each new account in both instruments."""
    for account_id in range(3, accounts + 3):
        yield c.OpenAccount(b"", 0, account_id, account_id)
        yield c.TransferCollateral(b"", 0, account_id, "USDT", 10**11 + account_id, account_id)
        for instrument_id, _, _ in INSTRUMENTS:
            lots = 1 + account_id % 7
            for seller, side in ((1, SELL), (account_id, BUY)):
                yield c.PlaceOrder(
                    b"", 0, seller, instrument_id, "", side, LIMIT, lots, CENTRE_TICKS, GTC, EXPIRE_TAKER
                )


def _grown(work: Callable[[], None]) -> int:
    """Bytes of resident memory that `work` leaves behind."""
    process = psutil.Process()
    gc.collect()
    before = process.memory_info().rss
    work()
    gc.collect()
    return process.memory_info().rss - before
