"""Orders changed, whichever of the two kinds they are."""

import msgspec

from trading.engine.commands import PlaceOrder, PlaceSpecialOrder


def changed(order: PlaceOrder, **fields: object) -> PlaceOrder:
    """The order with these fields, special where one of them makes it so."""
    return PlaceSpecialOrder(**(msgspec.structs.asdict(order) | fields)).simplest()
