"""The bounds of work a record or a cause may do, made small for both engines: a small world meets them, too."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import ModuleType
from unittest.mock import patch

from tests.reference import deleveraging as reference_deleveraging
from tests.reference import engine as reference_engine
from tests.reference import funding as reference_funding
from trading.engine import engine
from trading.engine.decisions import deleveraging, prices

TIGHT = (
    (engine, "INTERNAL_COMMANDS_A_CAUSE", 1),
    (reference_engine, "AT_MOST", 1),
    (prices, "SETTLED_AT_ONCE", 1),
    (reference_funding, "CHUNK", 1),
    (deleveraging, "MOST_COUNTERPARTS", 2),
    (reference_deleveraging, "MOST_COUNTERPARTS", 2),
)
NO_QUEUE = ((engine, "INTERNAL_COMMANDS_A_CAUSE", 0), (reference_engine, "AT_MOST", 0))


def tight_limits() -> AbstractContextManager[None]:
    return _limits(TIGHT)


def nothing_worked_off() -> AbstractContextManager[None]:
    """As if so much waited before it that what is not urgent never has its turn."""
    return _limits(NO_QUEUE)


@contextmanager
def _limits(limits: tuple[tuple[ModuleType, str, int], ...]) -> Iterator[None]:
    with ExitStack() as patches:
        for module, name, value in limits:
            patches.enter_context(patch.object(module, name, value))
        yield
