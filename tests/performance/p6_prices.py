"""P6: a mark price with very many open positions: nobody concerned, some that traded, one in a hundred liquidated."""

import random
import time
from collections.abc import Iterator
from typing import Any, Final

from tests.performance.listing import INSTRUMENTS, PARAMETERS, perpetual
from tests.performance.p2_engine import START_NS, STEP_NS, read_workload, workload_file
from tests.performance.running import Row, Run, plain_row, time_row
from tests.performance.workload import CENTRE_TICKS, COLLATERAL_UNITS, SEED
from trading.core.terms import BUY, EXPIRE_TAKER, GTC, IOC, LIMIT, SELL
from trading.engine import commands as c
from trading.engine.engine import Engine
from trading.engine.liquidation_index import LiquidationIndex
from trading.engine.risk_events import LiquidationEnded, LiquidationStarted
from trading.engine.wire import decode_command, encode_records

POSITIONS: Final = 100_000
PRICES: Final = 200
TRADES_BETWEEN: Final = 100
COMMANDS_A_PRICE: Final = 1_000
LEVERAGE: Final = 100
NOTIONAL_UNITS: Final = CENTRE_TICKS * 100  # of one lot

MAKER: Final = 10**9  # an account that everybody can trade with
QUIET_MS, TOUCHED_US, LIQUIDATION_RATIO, SHARE_OF_P2 = 0.1, 5, 2, 0.15


def run(run: Run) -> list[Row]:
    rows = []
    for full in (1_000, 10_000, POSITIONS):
        accounts = run.amount(full, least=100)
        results = run.interleaved(
            run.long_rounds(),
            lambda: run.measure("p6_prices:measure", accounts=accounts),  # noqa: B023
        )[0]
        is_largest = full == POSITIONS
        rows += [
            time_row("P6", f"{accounts:,} positions: quiet price", "ms", results, "quiet_ms", at_most=QUIET_MS),
            time_row("P6", "the same, an account touched", "us", results, "touched_us", at_most=TOUCHED_US),
            time_row("P6", "the same, full scan", "ms", results, "scan_ms"),
            plain_row(
                "P6",
                "the same, liquidating 1% against those liquidations alone",
                "x",
                [result["liquidating"] for result in results],
                at_most=LIQUIDATION_RATIO if is_largest else None,
            ),
        ]
    file = workload_file(run, "standard", commands=run.amount(300_000))
    watched, unwatched = run.interleaved(
        run.rounds,
        lambda: run.measure("p6_prices:measure_share", file=str(file), is_watched=True),
        lambda: run.measure("p6_prices:measure_share", file=str(file), is_watched=False),
    )
    shares = [1 - one["rate"] / other["rate"] for one, other in zip(watched, unwatched, strict=True)]
    rows.append(plain_row("P6", "keeping the index, as a share of P2", "", shares, at_most=SHARE_OF_P2))
    return rows


def measure(*, accounts: int) -> dict[str, Any]:
    clock = Clock(Engine())
    for command in _opening(accounts):
        clock.execute(command)
    chance = random.Random(SEED)
    clock.price(CENTRE_TICKS)  # works off all that opening touched
    quiet_s = sum(clock.price(CENTRE_TICKS + chance.randrange(-3, 4)) for _ in range(PRICES))
    touched = touched_s = 0.0
    for _ in range(PRICES // 10):
        for _ in range(min(TRADES_BETWEEN, accounts // 4)):
            clock.execute(_order(chance.randrange(1, accounts + 1), BUY, CENTRE_TICKS + 100, IOC))
        touched += len(clock.engine.state.liquidation_index.noted)
        touched_s += clock.price(CENTRE_TICKS)
    scan_s = clock.timed(c.SweepLiquidations(b"", 0, 1, accounts))
    return {
        "quiet_ms": quiet_s / PRICES * 1e3,
        "touched_us": (touched_s - quiet_s / 10) / touched * 1e6,
        "scan_ms": scan_s * 1e3,
        "liquidating": _liquidate(clock, accounts // 100),
    }


def measure_share(*, file: str, is_watched: bool) -> dict[str, Any]:
    """The standard workload with marks in between; unwatched, nobody is noted and nobody looked at."""
    commands = read_workload(file)
    engine = Engine()
    if not is_watched:
        engine.state.liquidation_index = Unwatched()
    time_ns = START_NS
    for data in commands.opening + commands.warm_up:
        time_ns += STEP_NS
        engine.execute(decode_command(data), time_ns)
    prices = [c.UpdateMarkPrice(b"", 0, instrument_id, CENTRE_TICKS) for instrument_id, _, _ in INSTRUMENTS]
    started_s = time.process_time()
    for number, data in enumerate(commands.measured):
        time_ns += STEP_NS
        encode_records(engine.execute(decode_command(data), time_ns))
        if number % COMMANDS_A_PRICE == 0:
            for price in prices:
                encode_records(engine.execute(price, time_ns))
    return {"rate": len(commands.measured) / (time.process_time() - started_s)}


class Unwatched(LiquidationIndex):
    """Notes nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.noted = Forgetful()

    def forget(self, account_ids: set[int]) -> None:
        pass


class Forgetful(dict[int, bool]):
    def __setitem__(self, key: int, value: bool) -> None:
        pass


class Clock:
    """An engine with a running time; `timed` is the CPU time of a command with all that follows from it."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.time_ns = engine, START_NS

    def execute(self, command: c.ExternalCommand) -> list[Any]:
        self.time_ns += STEP_NS
        records = self.engine.execute(command, self.time_ns)
        while self.engine.state.urgent or self.engine.state.pending:
            records += self.engine.drain()
        return records

    def timed(self, command: c.ExternalCommand) -> float:
        started_s = time.process_time()
        self.execute(command)
        return time.process_time() - started_s

    def price(self, ticks: int) -> float:
        return self.timed(c.UpdateMarkPrice(b"", 0, 1, ticks, ticks))


def _liquidate(clock: Clock, wanted: int) -> float:
    """A price that liquidates about so many: its whole cost against that of the liquidations' own commands."""
    engine = clock.engine
    marks = engine.state.liquidation_index.safe_marks.values()
    low = sorted(key for one in marks for _, key in one)[-wanted]  # of shorts it is below 0
    ticks = low - (CENTRE_TICKS - low) // 100 - 1  # maintenance falls with the mark too
    spent_s, run_command = 0.0, engine._run

    def timed_run(command: Any, time_ns: int, cause_sequence: int) -> Any:
        nonlocal spent_s
        started_s = time.perf_counter()
        record = run_command(command, time_ns, cause_sequence)
        if isinstance(command, c.Liquidate):
            spent_s += time.perf_counter() - started_s
        return record

    engine._run = timed_run
    clock.execute(c.PlaceOrder(b"", 0, MAKER, 1, "", BUY, LIMIT, 100_000, ticks - 100, GTC, EXPIRE_TAKER))
    started_s = time.perf_counter()
    records = clock.execute(c.UpdateMarkPrice(b"", 0, 1, ticks, ticks))
    whole_s = time.perf_counter() - started_s
    events = [event for record in records for event in record.events]
    started = sum(isinstance(event, LiquidationStarted) for event in events)
    assert started >= wanted
    assert sum(isinstance(event, LiquidationEnded) for event in events) == started
    return whole_s / spent_s


def _opening(accounts: int) -> Iterator[c.ExternalCommand]:
    """Everybody holds a lot against the maker; collateral between a fiftieth and a third of its value."""
    chance = random.Random(SEED)
    risk = PARAMETERS.risk._replace(mark_staleness_ns=0)
    parameters = PARAMETERS._replace(default_leverage=LEVERAGE, risk=risk)
    for instrument_id, symbol, underlying in INSTRUMENTS:
        yield c.ListInstrument(b"", 0, perpetual(instrument_id, symbol, underlying), parameters)
        yield c.UpdateMarkPrice(b"", 0, instrument_id, CENTRE_TICKS)
    yield c.OpenAccount(b"", 0, MAKER, MAKER)
    yield c.TransferCollateral(b"", 0, MAKER, "USDT", COLLATERAL_UNITS, MAKER)
    for side, ticks in ((SELL, CENTRE_TICKS + 100), (BUY, CENTRE_TICKS - 100)):
        for _ in range(10):
            yield c.PlaceOrder(b"", 0, MAKER, 1, "", side, LIMIT, 100_000, ticks, GTC, EXPIRE_TAKER)
    for account_id in range(1, accounts + 1):
        yield c.OpenAccount(b"", 0, account_id, account_id)
        units = NOTIONAL_UNITS * chance.randrange(20, 333) // 1_000
        yield c.TransferCollateral(b"", 0, account_id, "USDT", units, account_id)
        side = BUY if account_id % 2 else SELL
        yield _order(account_id, side, CENTRE_TICKS + side * 100, IOC)


def _order(account_id: int, side: int, ticks: int, time_in_force: int) -> c.PlaceOrder:
    return c.PlaceOrder(b"", 0, account_id, 1, "", side, LIMIT, 1, ticks, time_in_force, EXPIRE_TAKER)
