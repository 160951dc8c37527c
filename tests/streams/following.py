"""The rules by which a client keeps a book: what docs/websocket.md asks of everybody who listens."""

import hashlib
import json
from decimal import Decimal


class Gap(Exception):
    """Something was missed: subscribe again."""


class Follower:
    """Tells what is new on a channel. `sequence` is None until the first message."""

    def __init__(self):
        self.sequence = None

    def is_new(self, message):
        """False for what was seen already. Raises Gap when a message before this one never came."""
        sequence, previous = message["sequence"], message["previous_sequence"]
        if message["type"] == "heartbeat":
            if self.sequence is not None and sequence > self.sequence:
                raise Gap(f"the channel is at {sequence}, we are at {self.sequence}")
            return False
        if message["type"] != "snapshot" and self.sequence is not None:
            if sequence <= self.sequence:
                return False
            if previous > self.sequence:
                raise Gap(f"{previous} was missed, we are at {self.sequence}")
        self.sequence = sequence
        return True


class FollowedBook(Follower):
    """Price to quantity, as texts, of both sides."""

    def __init__(self):
        super().__init__()
        self.bids, self.asks = {}, {}

    def take(self, message):
        """Whether the book is another one now. A delta before the first snapshot belongs to an older subscription; a
        heartbeat never comes before it."""
        if self.sequence is None and message["type"] == "heartbeat":
            raise Gap("the snapshot never came")
        if self.sequence is None and message["type"] == "delta":
            return False
        if not self.is_new(message):
            return False
        if message["type"] == "snapshot":
            self.bids.clear()
            self.asks.clear()
        for side, levels in ((self.bids, message["bids"]), (self.asks, message["asks"])):
            for price, quantity in levels:
                if quantity == "0":
                    side.pop(price, None)
                else:
                    side[price] = quantity
        return True


def digest(bids, asks):
    """Of a whole book, price to quantity: what is compared with the engine's."""
    best_first = [
        sorted(bids.items(), key=lambda level: -Decimal(level[0])),
        sorted(asks.items(), key=lambda level: Decimal(level[0])),
    ]
    return hashlib.sha256(json.dumps(best_first).encode()).hexdigest()
