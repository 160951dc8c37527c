"""Bytes of commands, records and replies: MessagePack arrays, tagged. `FORMAT` names the layout of a journal row,
`LOGIC_VERSION` the rules that decided it: rows of the present version must be decided alike again."""

from __future__ import annotations

from typing import Final

import msgspec

from trading.engine.commands import ExternalCommand, Query
from trading.engine.events import Record
from trading.engine.replies import Reply

FORMAT: Final = 1
LOGIC_VERSION: Final = 1

_encoder = msgspec.msgpack.Encoder()
_command_decoder: msgspec.msgpack.Decoder[ExternalCommand | Query] = msgspec.msgpack.Decoder(ExternalCommand | Query)
_records_decoder: msgspec.msgpack.Decoder[list[Record]] = msgspec.msgpack.Decoder(list[Record])
_reply_decoder: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


def encode_command(command: ExternalCommand | Query) -> bytes:
    return _encoder.encode(command)


def decode_command(data: bytes) -> ExternalCommand | Query:
    """Raises `msgspec.DecodeError` (a ValidationError too) on anything but a command or query."""
    return _command_decoder.decode(data)


def encode_records(records: list[Record]) -> bytes:
    return _encoder.encode(records)


def decode_records(data: bytes) -> list[Record]:
    """Raises `msgspec.DecodeError` on damaged data."""
    return _records_decoder.decode(data)


def encode_reply(reply: Reply) -> bytes:
    return _encoder.encode(reply)


def decode_reply(data: bytes) -> Reply:
    return _reply_decoder.decode(data)
