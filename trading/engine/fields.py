"""All fields of a struct at once, in their order. Compiled code pays for every single attribute of a struct, and these
come with nearly every command; plain Python does not mind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec.structs import astuple

from trading.engine.commands import AttachedOrder, JournaledCommand, PlaceOrder
from trading.engine.events import AnyEvent, OrderPlaced, Record, TradeExecuted

# fmt: off
OrderFields = tuple[
    bytes, int, int, int, str, int, int, int, int, int, int, bool, bool, int, int, int, int, int, int, int, int,
    tuple[AttachedOrder, ...],
]
PlacedFields = tuple[
    int, int, int, str, int, int, int, int, int, int, bool, bool, int, int, int, int, int, int, int, int, int, int, int,
    int, int, bool, bool, tuple[AttachedOrder, ...],
]
TradeFields = tuple[int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int]
RecordFields = tuple[int, int, int, JournaledCommand, list[AnyEvent]]
# fmt: on

fields_of_order: Final[Callable[[PlaceOrder], OrderFields]] = astuple
fields_of_placed: Final[Callable[[OrderPlaced], PlacedFields]] = astuple
fields_of_trade: Final[Callable[[TradeExecuted], TradeFields]] = astuple
fields_of_record: Final[Callable[[Record], RecordFields]] = astuple
