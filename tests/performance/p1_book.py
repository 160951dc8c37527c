"""P1: the book core, against bourse 0.4.0 (Rust, called from Python as ours is) on the same operations."""

import statistics
import time
from typing import Any

from tests.performance.book import Book
from tests.performance.running import Row, Run, plain_row, rate_row
from tests.performance.workload import AMEND, CANCEL, PLACE, WARM_UP, book_operations
from trading.core.terms import BUY


def run(run: Run) -> list[Row]:
    commands, warm_up, rows = run.amount(1_000_000), run.amount(WARM_UP), []
    for engine in run.engines:
        result = run.measure("p1_book:measure", engine=engine, commands=commands, warm_up=warm_up, rounds=run.rounds)
        factor = result["factor"]
        ours = [{"rate": rate, "factor": factor} for rate in result["ours"]]
        peer = [{"rate": rate, "factor": factor} for rate in result["bourse"]]
        ratios = [ours / theirs for ours, theirs in zip(result["ours"], result["bourse"], strict=True)]
        at_least = 1.0 if engine == "python" else None
        rows += [
            plain_row("P1", f"book core / bourse, {engine}", "x", ratios, at_least=at_least),
            rate_row("P1", f"book core, {engine}", "commands/s", ours, "rate"),
            rate_row("P1", f"bourse 0.4.0, beside {engine}", "commands/s", peer, "rate"),
        ]
    return rows


def measure(*, commands: int, warm_up: int, rounds: int) -> dict[str, Any]:
    import bourse  # and all of pandas, which only this process needs

    operations, flow = book_operations(commands=commands, warm_up=warm_up)
    plain = [operation[:5] for operation in operations]
    before, measured = plain[:-commands], plain[-commands:]
    ours, theirs = [], []
    for _ in range(rounds):
        book = Book()
        _run_ours(before, book)
        ours.append(commands / _run_ours(measured, book))
        assert book.orders.keys() == flow.book.orders.keys()
        peer, ids = bourse.core.OrderBook(0, 1, True), {}
        _run_bourse(before, peer, ids, 0)
        theirs.append(commands / _run_bourse(measured, peer, ids, len(before)))
        best = (flow.book.ladders.bids.best_price_ticks(), flow.book.ladders.asks.best_price_ticks())
        assert peer.bid_ask() == best, "the peer has another book: it did other work"
    return {"ours": ours, "bourse": theirs, "median": statistics.median(ours)}


def _run_ours(operations: list[tuple[int, ...]], book: Book) -> float:
    """Returns the CPU time in seconds."""
    place, take, cancel, amend = book.place, book.take, book.cancel, book.amend
    started_s = time.process_time()
    for kind, number, side, price_ticks, lots in operations:
        if kind == PLACE:
            place(number, side, price_ticks, lots)
        elif kind == CANCEL:
            cancel(number)
        elif kind == AMEND:
            amend(number, price_ticks, lots)
        else:
            take(side, price_ticks, lots)
    return time.process_time() - started_s


def _run_bourse(operations: list[tuple[int, ...]], book: Any, ids: dict[int, int], time_now: int) -> float:
    """Its queue is in order of time, which it does not move itself. IOC orders, always filled here, are market ones."""
    place, cancel, modify, set_time = book.place_order, book.cancel_order, book.modify_order, book.set_time
    started_s = time.process_time()
    for kind, number, side, price_ticks, lots in operations:
        if kind == PLACE:
            time_now += 1
            set_time(time_now)
            ids[number] = place(side == BUY, lots, 0, price=price_ticks)
        elif kind == CANCEL:
            cancel(ids.pop(number))
        elif kind == AMEND:
            time_now += 1
            set_time(time_now)
            modify(ids[number], new_price=price_ticks, new_vol=lots)
        else:
            time_now += 1
            set_time(time_now)
            place(side == BUY, lots, 0)
    return time.process_time() - started_s
