"""Bots that trade over signed REST through every fault, and keep book of what they were told."""

import json
import random
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.signing import sign_headers

TIMEOUT_S = 12


@dataclass
class Answer:
    status: int  # 0: none came
    body: dict[str, Any]

    @property
    def code(self) -> str:
        return self.body.get("error", {}).get("code", "")


class Api:
    """One account's signed requests."""

    def __init__(self, base_url: str, key: str, secret: str) -> None:
        self.base_url, self.key, self.secret = base_url, key, secret

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, *, min_sequence: int = 0) -> Answer:
        data = b"" if body is None else json.dumps(body).encode()
        headers = sign_headers(self.key, self.secret, method, path, data)
        if min_sequence:
            headers["X-Min-Sequence"] = str(min_sequence)
        if data:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.base_url + path, data or None, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
                return Answer(response.status, json.load(response))
        except urllib.error.HTTPError as error:
            return Answer(error.code, _json(error.read()))
        except (OSError, ValueError):
            return Answer(0, {})

    def pages(self, path: str, *, min_sequence: int) -> list[dict[str, Any]]:
        """Every row of a list, once its read model has reached `min_sequence`."""
        rows: list[dict[str, Any]] = []
        cursor = ""
        while True:
            joint = "&" if "?" in path else "?"
            answer = self.patiently(
                "GET", f"{path}{joint}limit=500{cursor and '&cursor=' + cursor}", min_sequence=min_sequence
            )
            assert answer.status == 200, answer
            rows += answer.body["results"]
            cursor = answer.body["next"] or ""
            if not cursor:
                return rows

    def patiently(self, method: str, path: str, *, min_sequence: int = 0, for_s: float = 30) -> Answer:
        """Until the answer is neither silence nor 5xx."""
        deadline_s = time.monotonic() + for_s
        while True:
            answer = self.call(method, path, min_sequence=min_sequence)
            if 0 < answer.status < 500 or time.monotonic() > deadline_s:
                return answer
            time.sleep(0.1)


def _json(data: bytes) -> dict[str, Any]:
    try:
        return json.loads(data)
    except ValueError:
        return {}


class Trader(threading.Thread):
    """Places, crosses and cancels until told to stop; `acknowledged` holds answers by client order id."""

    def __init__(self, api: Api, *, prefix: str, seed: int) -> None:
        super().__init__(daemon=True)
        self.api, self.prefix, self.dice = api, prefix, random.Random(seed)
        self.acknowledged: dict[str, dict[str, Any]] = {}
        self.cancelled: set[int] = set()
        self.unknown: set[str] = set()
        self.sent: set[str] = set()
        self.surprises: list[Answer] = []
        self.open_ids: list[int] = []
        self.last_ack_s = 0.0
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.is_set():
            if len(self.open_ids) > 30 or (self.open_ids and self.dice.random() < 0.3):
                self._cancel()
            else:
                self._place()

    def _place(self) -> None:
        client_order_id = f"{self.prefix}-{len(self.sent)}"
        self.sent.add(client_order_id)
        side = self.dice.choice(("buy", "sell"))
        order = {"symbol": "ETH-PERP", "side": side, "quantity": "0.02", "client_order_id": client_order_id}
        if self.dice.random() < 0.3:
            order |= {"type": "market"}
        else:
            away = self.dice.randint(-5, 60) if side == "sell" else -self.dice.randint(-5, 60)
            order |= {"type": "limit", "price": f"{3000 + away}"}
        answer = self.api.call("POST", "/api/v1/orders", order)
        if answer.status in (200, 201):
            self.acknowledged[client_order_id] = answer.body
            self.last_ack_s = time.time()
            if answer.body["status"] in ("new", "partially_filled"):
                self.open_ids.append(answer.body["id"])
        elif answer.status in (0, 504):
            self.unknown.add(client_order_id)
        elif answer.status not in (422, 503):
            self.surprises.append(answer)
        if answer.status in (0, 503):
            self.stopping.wait(0.05)

    def _cancel(self) -> None:
        order_id = self.open_ids.pop(self.dice.randrange(len(self.open_ids)))
        answer = self.api.call("DELETE", f"/api/v1/orders/{order_id}")
        if answer.status == 200:
            self.cancelled.add(order_id)
            self.last_ack_s = time.time()
        elif answer.status not in (0, 422, 503, 504):
            self.surprises.append(answer)

    def settle_unknown(self) -> int:
        """Ask what became of what nobody answered; returns how many had been done."""
        done = 0
        for client_order_id in sorted(self.unknown):
            answer = self.api.patiently("GET", f"/api/v1/orders/by-client-id/{client_order_id}")
            assert answer.status in (200, 404), answer
            done += answer.status == 200
        return done

    def check_everything_is_there(self) -> tuple[int, int]:
        """Every acknowledged order and fill is in the exchange's rows, and nothing nobody sent. (orders, fills)"""
        newest = max((answer["sequence"] for answer in self.acknowledged.values()), default=0)
        rows = {row["client_order_id"]: row for row in self.api.pages("/api/v1/orders", min_sequence=newest)}
        assert rows.keys() <= self.sent, "orders that nobody sent"
        missing = self.acknowledged.keys() - rows.keys()
        assert not missing, f"acknowledged orders are missing: {[self.acknowledged[name] for name in missing]}"
        done = self.sent & rows.keys()
        assert done <= self.acknowledged.keys() | self.unknown, "an order whose refusal was told was done"
        fill_rows = self.api.pages("/api/v1/fills", min_sequence=newest)
        fills = {(fill["id"], fill["order_id"]): fill for fill in fill_rows}
        told = 0
        for client_order_id, answer in self.acknowledged.items():
            row = rows[client_order_id]
            for name in ("id", "side", "type", "quantity", "price", "created_at"):
                assert row[name] == answer[name], (name, row, answer)
            for fill in answer["fills"]:
                assert fills[fill["id"], fill["order_id"]] == fill
                told += 1
        by_id = {row["id"]: row for row in rows.values()}
        for order_id in self.cancelled:
            assert by_id[order_id]["status"] == "cancelled"
        return len(self.acknowledged), told
