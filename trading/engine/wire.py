"""Bytes of commands and records: MessagePack arrays, tagged. `FORMAT` names the layout of a journal row,
`LOGIC_VERSION` the rules that decided it: rows of the present version must be decided alike again."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import or_
from types import GenericAlias
from typing import Any, Final, get_args

import msgspec

from trading.engine.commands import ExternalCommand, InternalCommand, Query
from trading.engine.events import Record

FORMAT: Final = 2  # since ordinary orders have kinds of their own; 1, without these, is read as it is
LOGIC_VERSION: Final = 5

_encoder = msgspec.msgpack.Encoder()
_command_decoder: msgspec.msgpack.Decoder[ExternalCommand | Query] = msgspec.msgpack.Decoder(ExternalCommand | Query)
_records_decoder: msgspec.msgpack.Decoder[list[Record]] = msgspec.msgpack.Decoder(list[Record])


def _folding_decoder() -> msgspec.msgpack.Decoder[list[Record]]:
    """Of an external command nothing is read but its id: `Engine.fold` needs no more."""
    options: dict[str, Any] = {"array_like": True, "frozen": True, "gc": False}
    only_ids = [
        msgspec.defstruct(command.__name__, [("command_id", bytes)], tag=command.__struct_config__.tag, **options)
        for command in get_args(ExternalCommand)
    ]
    commands = reduce(or_, [*only_ids, *get_args(InternalCommand)])
    record: Any = msgspec.defstruct("RecordToFold", [("command", commands)], bases=(Record,), **options)
    return msgspec.msgpack.Decoder(GenericAlias(list, (record,)))


# Bound methods rather than functions around them: these run with every command.
encode_command: Callable[[ExternalCommand | Query], bytes] = _encoder.encode
encode_records: Callable[[list[Record]], bytes] = _encoder.encode
# All raise `msgspec.DecodeError` (a ValidationError too) on anything else.
decode_command: Callable[[bytes], ExternalCommand | Query] = _command_decoder.decode
decode_records: Callable[[bytes], list[Record]] = _records_decoder.decode
decode_records_to_fold: Callable[[bytes], list[Record]] = _folding_decoder().decode  # enough for `Engine.fold`


def append_records(count: int, encoded: bytes, payload: bytearray) -> None:
    """Put `count` encoded records behind what is there, without the head of their array."""
    payload += memoryview(encoded)[len(_array_head(count)) :]


def whole_payload(count: int, payload: bytearray) -> bytes:
    """What `encode_records` gives for all the `count` records that were appended."""
    return _array_head(count) + payload


def _array_head(count: int) -> bytes:
    """How MessagePack begins an array."""
    if count < 16:
        return bytes((0x90 | count,))
    return b"\xdc" + count.to_bytes(2, "big") if count < 1 << 16 else b"\xdd" + count.to_bytes(4, "big")
