"""What the server sends. A frame is encoded once, as the ASGI message that every socket is given."""

from typing import Any, Final

import msgspec

from exchange.contract.errors import ApiError
from trading.api import answers, presenting
from trading.streams.shown import Mark

Frame = dict[str, str]
RequestId = int | str | None


class Heartbeat(msgspec.Struct):
    """Each second: the last sequence of the channel. Whoever has not seen it has missed something."""

    channel: str
    type: str
    sequence: int
    previous_sequence: int


class BookMessage(msgspec.Struct):
    """A snapshot (`previous_sequence` 0) or a delta: absolute quantities at these prices, "0" for none, best first."""

    channel: str
    type: str
    sequence: int
    previous_sequence: int
    bids: list[answers.BookLevel]
    asks: list[answers.BookLevel]


class StateMessage(msgspec.Struct):
    """All of something as it is now: the newest one counts."""

    channel: str
    type: str
    sequence: int
    previous_sequence: int
    data: answers.Ticker | Mark | answers.Status


class ListMessage(msgspec.Struct):
    """What happened or changed since the message before, oldest first."""

    channel: str
    type: str
    sequence: int
    previous_sequence: int
    data: list[Any]


class Result(msgspec.Struct):
    id: RequestId
    result: Any


class Refusal(msgspec.Struct):
    id: RequestId
    error: answers.ErrorBody


_encode: Final = msgspec.json.Encoder().encode


def frame_of(message: msgspec.Struct) -> Frame:
    return {"type": "websocket.send", "text": _encode(message).decode()}


def result_frame(request_id: RequestId, result: Any) -> Frame:
    return frame_of(Result(request_id, result))


def error_frame(request_id: RequestId, error: ApiError) -> Frame:
    return frame_of(Refusal(request_id, presenting.error_body(error)))
