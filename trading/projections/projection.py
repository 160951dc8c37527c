"""What a projection is: a fold of records in memory, and the rows that follow from it."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from trading.engine.events import Record
from trading.projections.tables import Table

Handler = Callable[[Record, Any], None]


class Projection:
    """Reads the journal from its cursor on. The life of one: `load` at a cursor, then `fold` and `write` in turn.

    What it holds in memory is only what the next events need (open orders, the running minute); it is dropped and
    loaded anew after any failure. Rows never depend on where batches began or ended.
    """

    name: ClassVar[str]
    tables: ClassVar[tuple[Table, ...]]
    owner: ClassVar[str] = ""  # whose streams its changes are: a market's, an account's, or nobody's

    def handlers(self) -> dict[type, Handler]:
        """Which function folds which type of event."""
        raise NotImplementedError

    def load(self, cursor: Any) -> None:
        """Take from the rows what the fold needs."""

    def changes(self) -> Iterable[tuple[int, int, Any]]:
        """(owner id, sequence, row) of what was folded since the last write, in order: what listeners are told."""
        return ()

    def write(self, cursor: Any) -> None:
        """Write what was folded since the last write."""
        raise NotImplementedError
