"""What all events have in common. Kept interpreted, see `commands`."""

import msgspec


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base of all events; sequence and time are those of the record they belong to."""
