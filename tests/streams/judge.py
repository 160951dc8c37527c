"""The book as the engine had it: the journal, folded by the engine's own rules up to any sequence."""

import psycopg

from exchange.contract.numbers import format_scaled
from trading.api.scales import scale_of
from trading.core.order_book import orders_of
from trading.engine.engine import Engine
from trading.engine.wire import decode_records
from trading.models.journal import DOMAIN


class Judge:
    """Goes forward only."""

    def __init__(self, database_url):
        self._url = database_url
        self._engine = Engine(DOMAIN)
        self._records = []

    @property
    def sequence(self):
        return self._engine.state.sequence

    def book(self, symbol, sequence):
        """(bids, asks) as the texts of the API, price to quantity, right after `sequence`."""
        self._fold_until(sequence)
        (instrument,) = (each for each in self._engine.state.instruments.values() if each.terms.symbol == symbol)
        scale = scale_of(instrument.terms)
        return tuple(
            {
                format_scaled(abs(level.key), scale.price): format_scaled(
                    sum(order.open_lots for order in orders_of(level)), scale.quantity
                )
                for level in ladder.walk()
            }
            for ladder in (instrument.book.bids, instrument.book.asks)
        )

    def _fold_until(self, sequence):
        assert sequence >= self.sequence, "the judge goes forward only"
        while self.sequence < sequence:
            if not self._records:
                self._read()
            self._engine.fold(self._records.pop())

    def _read(self):
        with psycopg.connect(self._url) as connection:
            rows = connection.execute(
                "SELECT payload FROM trading_journal WHERE domain = %s AND last_sequence > %s ORDER BY last_sequence"
                " LIMIT 500",
                (DOMAIN, self.sequence),
            ).fetchall()
        assert rows, f"the journal ends at {self.sequence}"
        self._records = [record for (payload,) in rows for record in decode_records(payload)]
        self._records.reverse()
