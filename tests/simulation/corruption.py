"""Commands made strange: one field of one of them replaced by something nobody should send."""

import random

import msgspec

from trading.core.instruments import Bracket
from trading.core.terms import STOP, TRIGGER_BY_MARK
from trading.engine.commands import AttachedOrder, ExternalCommand, Quote

STRANGE_NUMBERS = (-(2**62), -(10**12), -1, 0, 1, 2, 3, 4, 5, 7, 37, 10**6, 10**12, 10**15 + 1, 2**62)
ATTACHED = AttachedOrder(STOP, 0, 1000, TRIGGER_BY_MARK)
QUOTE = Quote(1, 1000, 3)
STRANGE_TEXTS = ("", "x", "y" * 36, "z" * 37, "é", "USDT", "BTC-PERP")


def corrupted(chance: random.Random, command: ExternalCommand, brackets: tuple[Bracket, ...]) -> ExternalCommand:
    """`brackets` stand in for an empty tuple of them."""
    name = chance.choice(command.__struct_fields__[1:])
    value = getattr(command, name)
    stands_in = {"attached": (ATTACHED,), "quotes": (QUOTE,)}.get(name, brackets)
    return msgspec.structs.replace(command, **{name: _strange(chance, value, stands_in)})


def _strange(chance: random.Random, value: object, stands_in: tuple[object, ...]) -> object:
    match value:
        case bool():
            return not value
        case int():
            near = (value - 1, value + 1, -value)
            return chance.choice(near if chance.random() < 0.3 else STRANGE_NUMBERS)
        case str():
            return chance.choice(STRANGE_TEXTS)
        case ():
            return stands_in[:1]
        case tuple() if not hasattr(value, "_fields"):
            if chance.random() < 0.3:
                return chance.choice(((), value[::-1], value[1:], value + value))
            index = chance.randrange(len(value))
            return (*value[:index], _strange(chance, value[index], stands_in), *value[index + 1 :])
        case msgspec.Struct():
            name = chance.choice(value.__struct_fields__)
            return msgspec.structs.replace(value, **{name: _strange(chance, getattr(value, name), stands_in)})
        case _:
            name = chance.choice(value._fields)
            return value._replace(**{name: _strange(chance, getattr(value, name), stands_in)})
