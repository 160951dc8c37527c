"""Journals to read: seeded random commands, decided by the real engine, in rows of random length."""

import random
from collections.abc import Iterator

from msgspec.structs import replace

from tests import outcomes
from trading.core import terms as t
from trading.core.instruments import Bracket, InstrumentParameters, InstrumentTerms, RiskParameters
from trading.engine import commands as c
from trading.engine.engine import Engine
from trading.engine.events import Record
from trading.engine.wire import FORMAT, LOGIC_VERSION, encode_records
from trading.models import EngineLease, JournalRow

SECOND_NS = 10**9
START_NS = 1_800_000_000 * SECOND_NS
MARK_TICKS = 600_000
ACCOUNTS = range(1, 13)
POOR = (9, 10, 11, 12)  # who are liquidated when the mark swings
RISK = RiskParameters(mark_staleness_ns=0, funding_interval_ns=SECOND_NS, fund_margin_ppb=100_000_000)
INSTRUMENTS = (1, 2)
STATES = (t.INSTRUMENT_NORMAL,) * 3 + (t.INSTRUMENT_POST_ONLY, t.INSTRUMENT_CANCEL_ONLY, t.INSTRUMENT_HALTED)
KINDS = {
    "place": 50,
    "take": 14,
    "cancel": 12,
    "amend": 8,
    "stop": 8,
    "reduce": 8,
    "iceberg": 6,
    "bracket": 8,
    "group": 6,
    "quotes": 6,
    "protection": 1,
    "mark": 9,
    "transfer": 3,
    "cancel_all": 1,
    "settings": 2,
    "swing": 3,
    "funding": 2,
    "mode": 3,
    "margin": 2,
}


def parameters(version: int, taker_fee_ppb: int = 500_000) -> InstrumentParameters:
    bracket = Bracket(0, 8_000_000, 0, 4_000_000, 0)
    return InstrumentParameters(
        *(version, 200_000, taker_fee_ppb, 50_000_000, 20_000_000, 5_000_000, 10**7, 10**9, 10**18, 200, 10),
        (bracket,),
        RISK,
    )


class RandomExchange:
    """An engine and the people who use it. `records` is everything it has stated so far."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.engine = Engine()
        self.records: list[Record] = []
        self.outcomes = []
        self.time_ns = START_NS
        self._versions = 1
        self._client_ids = 0
        self._transfers = 0
        self._open_for_business()

    def run(self, commands: int) -> list[Record]:
        """The records that so many random commands cause."""
        before = len(self.records)
        kinds, weights = list(KINDS), list(KINDS.values())
        for kind in self.random.choices(kinds, weights, k=commands):
            self.execute(getattr(self, f"_{kind}")())
        return self.records[before:]

    def execute(self, command: c.ExternalCommand) -> None:
        self.time_ns += self.random.randrange(4 * SECOND_NS)
        if isinstance(command, c.PlaceSpecialOrder):
            command = command.simplest()
        records, outcome = outcomes.execute(self.engine, command, self.time_ns)
        self.records += records
        self.outcomes.append(outcome)

    def _open_for_business(self) -> None:
        for account_id in ACCOUNTS:
            self.execute(c.OpenAccount(b"", 0, account_id, 1 + account_id // 2))
            self.execute(self._transfer_of(account_id, (100 if account_id in POOR else 50_000) * 10**6))
        self.execute(self._transfer_of(t.INSURANCE_FUND, 30 * 10**6))
        for instrument_id in INSTRUMENTS:
            terms = InstrumentTerms(
                instrument_id, f"T{instrument_id}-PERP", "perpetual", "BTC", "USDT", "0.1", "0.001", "1", 100
            )
            self.execute(c.ListInstrument(b"", 0, terms, parameters(1)))
            self.execute(c.UpdateMarkPrice(b"", 0, instrument_id, MARK_TICKS))
            for account_id in POOR:
                self.execute(c.SetLeverage(b"", 0, account_id, instrument_id, 100))

    def _order(self, order_type: int, price_ticks: int, time_in_force: int, **more: object) -> c.PlaceOrder:
        self._client_ids += 1
        return c.PlaceSpecialOrder(
            b"",
            0,
            self.random.choice(ACCOUNTS),
            self.random.choice(INSTRUMENTS),
            self.random.choice(("", f"mine-{self._client_ids}")),
            more.pop("side", None) or self.random.choice((t.BUY, t.SELL)),
            order_type,
            self.random.randrange(1, 60),
            price_ticks,
            time_in_force,
            self.random.choice((t.EXPIRE_MAKER, t.EXPIRE_TAKER, t.EXPIRE_BOTH)),
            **more,
        )

    def _place(self) -> c.PlaceOrder:
        side = self.random.choice((t.BUY, t.SELL))
        price = MARK_TICKS - side * self.random.randrange(-10, 60)
        return self._order(t.LIMIT, price, t.GTC, side=side, post_only=self.random.random() < 0.2)

    def _take(self) -> c.PlaceOrder:
        if self.random.random() < 0.5:
            return self._order(t.MARKET, 0, t.IOC)
        price = MARK_TICKS + self.random.randrange(-40, 40)
        return self._order(t.LIMIT, price, self.random.choice((t.IOC, t.FOK)))

    def _stop(self) -> c.PlaceOrder:
        by = self.random.choice((t.TRIGGER_BY_MARK, t.TRIGGER_BY_LAST))
        trigger = MARK_TICKS + self.random.randrange(-60, 60)
        if self.random.random() < 0.5:
            return self._order(t.STOP, 0, t.IOC, trigger_price_ticks=trigger, trigger_by=by)
        return self._order(t.STOP_LIMIT, trigger, t.GTC, trigger_price_ticks=trigger, trigger_by=by)

    def _reduce(self) -> c.PlaceOrder:
        if self.random.random() < 0.4:
            return self._order(t.MARKET, 0, t.IOC, reduce_only=True)
        return self._order(t.LIMIT, MARK_TICKS + self.random.randrange(-30, 30), t.GTC, reduce_only=True)

    def _iceberg(self) -> c.PlaceOrder:
        made = self._place()
        return replace(made, quantity_lots=made.quantity_lots + 20, display_lots=self.random.randrange(3, 12))

    def _bracket(self) -> c.PlaceOrder:
        made, by = self.random.choice((self._place, self._take, self._stop))(), t.TRIGGER_BY_MARK
        profit, loss = (MARK_TICKS + made.side * away for away in (self.random.randrange(1, 40), -30))
        attached = (
            c.AttachedOrder(t.TAKE_PROFIT_LIMIT, profit, profit, by),
            c.AttachedOrder(t.STOP, 0, loss, by),
        )
        return replace(made, attached=attached)

    def _group(self) -> c.PlaceOrder:
        """Beside a resting order, most often one of the account's own."""
        account_id, order_id = self._some_order()
        made = self.random.choice((self._place, self._stop))()
        return replace(made, account_id=account_id, group_id=order_id)

    def _quotes(self) -> c.MassQuote:
        mid = MARK_TICKS + self.random.randrange(-3, 4) * 5
        levels = [(side, mid - side * away) for side in (t.BUY, t.SELL) for away in (5, 10)]
        quotes = tuple(c.Quote(side, price, self.random.randrange(1, 30)) for side, price in levels)
        chosen = self.random.choice((quotes, quotes, quotes, quotes[:1], ()))
        return c.MassQuote(b"", 0, self.random.choice(ACCOUNTS), self.random.choice(INSTRUMENTS), chosen)

    def _protection(self) -> c.SetMarketMakerProtection:
        window_ns, lots = self.random.choice(((0, 0), (30 * SECOND_NS, 10), (60 * SECOND_NS, 40)))
        freeze_ns = window_ns // 2
        account_id, instrument_id = self.random.choice(ACCOUNTS), self.random.choice(INSTRUMENTS)
        return c.SetMarketMakerProtection(b"", 0, account_id, instrument_id, window_ns, lots, 0, freeze_ns)

    def _some_order(self) -> tuple[int, int]:
        accounts = [account for account in self.engine.state.accounts.values() if account.orders]
        if not accounts:
            return 1, 1
        account = self.random.choice(accounts)
        return account.account_id, self.random.choice(list(account.orders))

    def _cancel(self) -> c.CancelOrder:
        return c.CancelOrder(b"", 0, *self._some_order())

    def _amend(self) -> c.AmendOrder:
        price = self.random.choice((0, MARK_TICKS + self.random.randrange(-50, 50)))
        return c.AmendOrder(b"", 0, *self._some_order(), self.random.randrange(60), price)

    def _cancel_all(self) -> c.CancelAllOrders:
        return c.CancelAllOrders(b"", 0, self.random.choice(ACCOUNTS), self.random.choice((0, 1, 2)))

    def _mark(self) -> c.UpdateMarkPrice:
        price = MARK_TICKS + self.random.randrange(-50, 50)
        return c.UpdateMarkPrice(b"", 0, self.random.choice(INSTRUMENTS), price)

    def _swing(self) -> c.UpdateMarkPrice:
        price = MARK_TICKS + self.random.choice((-1, 1)) * self.random.randrange(2_000, 20_000)
        index = price + self.random.randrange(-100, 100)
        return c.UpdateMarkPrice(b"", 0, self.random.choice(INSTRUMENTS), price, index)

    def _funding(self) -> c.ApplyFunding:
        rate_ppb = self.random.randrange(-(10**6), 10**6)
        period_ns = self.time_ns - self.time_ns % SECOND_NS
        return c.ApplyFunding(b"", 0, self.random.choice(INSTRUMENTS), period_ns, rate_ppb)

    def _mode(self) -> c.SetMarginMode:
        account_id, instrument_id = self.random.choice(ACCOUNTS), self.random.choice(INSTRUMENTS)
        return c.SetMarginMode(b"", 0, account_id, instrument_id, self.random.random() < 0.6)

    def _margin(self) -> c.ChangeIsolatedMargin:
        account_id, instrument_id = self.random.choice(ACCOUNTS), self.random.choice(INSTRUMENTS)
        return c.ChangeIsolatedMargin(b"", 0, account_id, instrument_id, self.random.randrange(-(10**8), 10**8))

    def _transfer(self) -> c.TransferCollateral:
        return self._transfer_of(self.random.choice(ACCOUNTS), self.random.randrange(-(10**9), 10**9) or 1)

    def _transfer_of(self, account_id: int, amount_units: int) -> c.TransferCollateral:
        self._transfers += 1
        return c.TransferCollateral(b"", 0, account_id, "USDT", amount_units, self._transfers)

    def _settings(self) -> c.ExternalCommand:
        instrument_id, account_id = self.random.choice(INSTRUMENTS), self.random.choice(ACCOUNTS)
        self._versions += 1
        changed = parameters(self._versions, self.random.randrange(300_000, 600_000))
        later_ns = self.time_ns + 60 * SECOND_NS
        return self.random.choice(
            (
                c.SetInstrumentState(b"", 0, instrument_id, self.random.choice(STATES)),
                c.SetInstrumentParameters(b"", 0, instrument_id, changed, self.random.choice((0, later_ns))),
                c.SetLeverage(b"", 0, account_id, instrument_id, self.random.randrange(1, 30)),
                c.SetAccountState(b"", 0, account_id, self.random.choice((1, 1, 1, 2, 3))),
                c.SetExchangeState(b"", 0, self.random.choice((1, 1, 1, 1, 2))),
                c.SetAccountLimits(b"", 0, account_id, self.random.choice((0, 20))),
            )
        )


def journal_rows(records: list[Record], lengths: Iterator[int]) -> Iterator[JournalRow]:
    """The records as journal rows of these lengths."""
    start = 0
    while start < len(records):
        batch = records[start : start + next(lengths)]
        start += len(batch)
        yield JournalRow(
            domain=1,
            first_sequence=batch[0].sequence,
            last_sequence=batch[-1].sequence,
            epoch=1,
            time_ns=batch[-1].time_ns,
            format=FORMAT,
            logic_version=LOGIC_VERSION,
            payload=encode_records(batch),
            previous_hash=bytes(32),
            hash=bytes(32),
        )


def write_journal(records: list[Record], *, seed: int = 1, longest: int = 40) -> None:
    lengths = random.Random(seed)
    JournalRow.objects.bulk_create(journal_rows(records, iter(lambda: lengths.randint(1, longest), 0)))
    head = {"epoch": 1, "last_sequence": records[-1].sequence, "last_hash": bytes(32)}
    EngineLease.objects.update_or_create(domain=1, defaults=head)
