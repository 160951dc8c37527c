"""The same client once more, as somebody else would write it: a program of its own on `websocket-client`.

`python black_box.py URL SYMBOL` prints a line a change: sequence, SHA-256 of [bids, asks], best first. Ends with its
input.
"""

import hashlib
import json
import os
import sys
import threading
import time
from decimal import Decimal

import websocket


def follow(url, symbol):
    socket = websocket.create_connection(url, timeout=5, skip_utf8_validation=True)
    socket.send(json.dumps({"op": "subscribe", "channels": [f"book.{symbol}"]}))
    book, seen = None, 0
    while True:
        frame = json.loads(socket.recv())
        if "error" in frame:
            raise ConnectionError(frame["error"])
        kind = frame.get("type")
        if kind == "snapshot":
            book = {"bids": {}, "asks": {}}
        elif kind == "heartbeat" and book is not None and frame["sequence"] > seen:
            raise ConnectionError("missed the last message")
        if kind not in ("snapshot", "delta") or book is None:
            continue
        if kind == "delta":
            if frame["sequence"] <= seen:
                continue
            if frame["previous_sequence"] != seen:
                raise ConnectionError("missed a message")
        for side, levels in book.items():
            levels.update(frame[side])
            for price in [price for price, quantity in levels.items() if quantity == "0"]:
                del levels[price]
        seen = frame["sequence"]
        bids = sorted(book["bids"].items(), key=lambda level: -Decimal(level[0]))
        asks = sorted(book["asks"].items(), key=lambda level: Decimal(level[0]))
        print(seen, hashlib.sha256(json.dumps([bids, asks]).encode()).hexdigest(), flush=True)


def main():
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    while True:
        try:
            follow(*sys.argv[1:])
        except (OSError, websocket.WebSocketException) as error:
            print(error, file=sys.stderr)
        time.sleep(0.2)


if __name__ == "__main__":
    main()
