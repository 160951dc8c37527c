"""Made-up recordings: a small market that walks about, written in the format of recorded ones."""

import gzip
import random

HEADER = "msg,recv_ns,event_ms,tx_ms,kind,side,price,qty,first_id,last_id,prev_id"
START_NS = 1_700_000_000_000_000_000
DEPTH = 8


class Recorder:
    """Collects messages; each method adds one. Prices in ticks of 0.1, quantities in lots of 0.001."""

    def __init__(self):
        self.lines = [HEADER]
        self.messages = 0
        self.update_id = 1000
        self.trade_id = 0

    def add(self, kind, rows, first_id="", last_id="", prev_id=""):
        """`rows`: (side letter, price text, quantity text)."""
        self.messages += 1
        time_ms = START_NS // 10**6 + self.messages
        head = f"{self.messages},{time_ms * 10**6},{time_ms},{time_ms},{kind}"
        self.lines += [f"{head},{side},{price},{qty},{first_id},{last_id},{prev_id}" for side, price, qty in rows]

    def snapshot(self, levels):
        self.add("snapshot", _rows(levels), last_id=self.update_id)

    def delta(self, levels, gap=0):
        previous_id, self.update_id = self.update_id, self.update_id + 10 + gap
        self.add("delta", _rows(levels), previous_id + 1, self.update_id, previous_id + gap)

    def trade(self, side, price_ticks, lots, print_type="MARKET"):
        self.trade_id += 1
        self.add("trade", _rows([(side, price_ticks, lots)]), self.trade_id, self.trade_id, print_type)

    def best(self, bid_ticks, ask_ticks):
        self.add("bbo", _rows([(1, bid_ticks, 1), (-1, ask_ticks, 1)]), last_id=self.update_id)

    def write(self, path):
        path.write_bytes(gzip.compress("\n".join([*self.lines, ""]).encode(), mtime=0))
        return path


def _rows(levels):
    return [
        ("B" if side > 0 else "S", f"{ticks // 10}.{ticks % 10}0", f"{lots / 1000:.3f}") for side, ticks, lots in levels
    ]


def walking_market(seed, steps):
    """Two early deltas, a snapshot, then `steps` deltas while the mid walks, with quotes, trades of three kinds (at the
    best price, through it, away from the book) and one print of the insurance fund in between."""
    chance = random.Random(seed)
    recorder = Recorder()
    book, mid = {}, 500_000
    recorder.delta([(1, mid - 50, 7)])
    recorder.delta([(-1, mid + 50, 7)])
    book = {(side, mid + side * -offset): chance.randint(1, 900) for side in (1, -1) for offset in range(1, DEPTH + 1)}
    book[-1, 6_000_000], book[1, 5_000] = 3, 2
    recorder.snapshot([(side, ticks, lots) for (side, ticks), lots in book.items()])
    for step in range(steps):
        for _ in range(chance.randint(0, 3)):
            side = chance.choice((1, -1))
            recorder.trade(side, mid + side * chance.choice((1, 2, 4, -3)), chance.randint(1, 1200))
        if step == steps // 2:
            recorder.trade(1, mid * 12 // 10, 5, "INSURANCE_FUND")
        recorder.best(mid - 1, mid + 1)
        mid += chance.randint(-3, 3)
        recorder.delta(_walk(book, mid, chance))
    return recorder


def _walk(book, mid, chance):
    """Levels the mid has passed go, some others change, the nearest ones are there again."""
    changes = {key: 0 for key in book if key[0] * (mid - key[1]) <= 0}
    for side in (1, -1):
        changes[side, mid - side] = chance.randint(1, 900)
        for _ in range(4):
            changes[side, mid - side * chance.randint(2, DEPTH)] = chance.choice((0, chance.randint(1, 900)))
    for key, lots in changes.items():
        book[key] = lots
        if not lots:
            del book[key]
    return [(side, ticks, lots) for (side, ticks), lots in changes.items()]
