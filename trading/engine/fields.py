"""All fields of a struct at once, in their order. Compiled code pays for every single attribute of a struct, and these
come with nearly every command; plain Python does not mind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec.structs import astuple

from trading.engine.commands import JournaledCommand, PlaceOrder
from trading.engine.events import AnyEvent, OrderPlaced, Record, TradeExecuted

# fmt: off
OrderFields = tuple[bytes, int, int, int, str, int, int, int, int, int, int, bool, bool]
PlacedFields = tuple[int, int, int, str, int, int, int, int, int, int, bool, bool, int, int, int, int, int]
TradeFields = tuple[int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int]
RecordFields = tuple[int, int, int, JournaledCommand, list[AnyEvent]]
# fmt: on

fields_of_order: Final[Callable[[PlaceOrder], OrderFields]] = astuple
fields_of_placed: Final[Callable[[OrderPlaced], PlacedFields]] = astuple
fields_of_trade: Final[Callable[[TradeExecuted], TradeFields]] = astuple
fields_of_record: Final[Callable[[Record], RecordFields]] = astuple


def ordinary_fields_of_order(command: PlaceOrder) -> OrderFields:
    """Of a special order those fields that an ordinary one has too, which come first."""
    return astuple(command)[: len(PlaceOrder.__struct_fields__)]


def ordinary_fields_of_placed(event: OrderPlaced) -> PlacedFields:
    """Of a special order's event those fields that an ordinary one's has too, which come first."""
    return astuple(event)[: len(OrderPlaced.__struct_fields__)]
