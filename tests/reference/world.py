"""What the reference engine knows: plain lists of accounts, instruments and orders, searched from the front."""

from dataclasses import dataclass, field

from trading.core import terms
from trading.core.instruments import InstrumentParameters, InstrumentTerms, RiskParameters
from trading.engine.commands import InternalCommand, PlaceOrder

DAY_NS = 24 * 3600 * 10**9
REMEMBERED_CLOSES = 10_000
GENERATION_NS = 120 * 10**9


@dataclass
class Position:
    """`funding_index` is that of the instrument when the position was opened or settled last."""

    lots: int = 0
    entry_value_units: int = 0
    funding_index: int = 0
    is_isolated: bool = False
    isolated_units: int = 0


@dataclass
class Account:
    account_id: int
    user_id: int
    state: int = terms.ACCOUNT_NORMAL
    maximum_open_orders: int = 0
    collateral_units: int = 0
    cancel_after_ns: int = 0
    positions: dict[int, Position] = field(default_factory=dict)
    leverages: dict[int, int] = field(default_factory=dict)

    def position(self, instrument_id: int) -> Position:
        return self.positions.setdefault(instrument_id, Position())


@dataclass
class Instrument:
    terms: InstrumentTerms
    parameters: InstrumentParameters
    newest_version: int
    own_state: int = terms.INSTRUMENT_NORMAL
    exchange_state: int = terms.INSTRUMENT_NORMAL
    mark_price_ticks: int = 0
    index_price_ticks: int = 0
    last_price_ticks: int = 0
    marked_at_ns: int = 0
    window: list[tuple[int, int]] = field(default_factory=list)  # (time, mark)
    resume_at_ns: int = 0
    funding_index: int = 0
    last_period_ns: int = 0

    @property
    def instrument_id(self) -> int:
        return self.terms.instrument_id

    @property
    def state(self) -> int:
        return max(self.own_state, self.exchange_state)

    @property
    def risk(self) -> RiskParameters:
        return self.parameters.risk

    def is_ready(self, time_ns: int) -> bool:
        """In state normal, with a mark that is fresh."""
        staleness_ns = self.risk.mark_staleness_ns
        is_fresh = staleness_ns == 0 or time_ns - self.marked_at_ns <= staleness_ns
        return self.state == terms.INSTRUMENT_NORMAL and self.mark_price_ticks > 0 and is_fresh

    def price_of(self, source: int) -> int:
        """What triggers by this source look at."""
        by_mark_or_last = {terms.TRIGGER_BY_MARK: self.mark_price_ticks, terms.TRIGGER_BY_LAST: self.last_price_ticks}
        return by_mark_or_last.get(source, self.index_price_ticks)

    def value(self, price_ticks: int, lots: int) -> int:
        return price_ticks * lots * self.terms.value_units

    def value_at_mark(self, lots: int) -> int:
        return self.value(self.mark_price_ticks, lots)


@dataclass
class Order:
    """`content` is the command that placed it, kept as sent; quantity and price follow amendments."""

    order_id: int
    content: PlaceOrder
    quantity_lots: int
    price_ticks: int
    untriggered: bool
    filled_lots: int = 0
    cancelled_lots: int = 0
    resting_lots: int = 0
    open_loss_units: int = 0
    arrival: int = 0
    changed_sequence: int = 0
    queued: bool = False
    extreme_ticks: int = 0
    hidden_lots: int = 0
    group_id: int = 0
    parent_order_id: int = 0
    has_placed_attached: bool = False
    is_asleep: bool = False
    is_quote: bool = False

    @property
    def open_lots(self) -> int:
        return self.quantity_lots - self.filled_lots - self.cancelled_lots

    @property
    def account_id(self) -> int:
        return self.content.account_id

    @property
    def instrument_id(self) -> int:
        return self.content.instrument_id

    @property
    def side(self) -> int:
        return self.content.side

    @property
    def reduce_only(self) -> bool:
        return self.content.reduce_only

    @property
    def direction(self) -> int:
        """Of the price an untriggered order waits for: 1 up to its trigger, -1 down to it."""
        is_stop = self.content.order_type in (terms.STOP, terms.STOP_LIMIT, terms.TRAILING_STOP)
        return self.side if is_stop else -self.side

    @property
    def trigger_ticks(self) -> int:
        """0 while a trailing stop is not active."""
        content = self.content
        if content.order_type != terms.TRAILING_STOP or not self.extreme_ticks:
            return content.trigger_price_ticks
        away = content.trailing_distance_ticks or -(-self.extreme_ticks * content.trailing_rate_ppb // 10**9)
        return max(1, self.extreme_ticks + self.side * away)

    def follow(self, price_ticks: int) -> None:
        """Let a trailing stop see a price: it starts at its activation price and keeps the best since."""
        activation = self.content.activation_price_ticks
        best = max if self.side == terms.SELL else min
        if self.extreme_ticks:
            self.extreme_ticks = best(self.extreme_ticks, price_ticks)
        elif not activation or best(price_ticks, activation) == price_ticks:
            self.extreme_ticks = price_ticks

    @property
    def is_market(self) -> bool:
        return self.content.order_type in (terms.MARKET, terms.STOP, terms.TAKE_PROFIT, terms.TRAILING_STOP)


@dataclass
class ClosedOrder:
    order: Order
    closed_at_ns: int


@dataclass
class QuoteFill:
    time_ns: int
    signed_lots: int


@dataclass
class Protection:
    """A market maker's, in one instrument: off with a window of 0."""

    account_id: int
    instrument_id: int
    window_ns: int
    quantity_lots: int
    delta_lots: int
    freeze_ns: int
    fills: list[QuoteFill] = field(default_factory=list)
    has_fired: bool = False
    frozen_until_ns: int = 0

    def is_frozen(self, time_ns: int) -> bool:
        return self.has_fired and (self.frozen_until_ns == 0 or time_ns < self.frozen_until_ns)

    def is_watching(self, time_ns: int) -> bool:
        return self.window_ns > 0 and not self.is_frozen(time_ns)


@dataclass
class Schedule:
    effective_at_ns: int
    instrument_id: int
    parameters: InstrumentParameters


@dataclass
class Liquidation:
    """Of an account's isolated position in the instrument `scope`, or with 0 of all its cross positions."""

    liquidation_id: int
    account_id: int
    scope: int
    is_waiting: bool = False


@dataclass
class Waiting:
    cause_sequence: int
    command: InternalCommand


def insurance_fund() -> Account:
    return Account(terms.INSURANCE_FUND, 0, terms.ACCOUNT_FROZEN)


@dataclass
class World:
    domain: int
    sequence: int = 0
    time_ns: int = 0
    last_number: int = 0
    arrivals: int = 0
    fee_units: int = 0
    funding_pool_units: int = 0
    exchange_state: int = terms.INSTRUMENT_NORMAL
    accounts: list[Account] = field(default_factory=lambda: [insurance_fund()])
    instruments: list[Instrument] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    closed: list[ClosedOrder] = field(default_factory=list)
    protections: list[Protection] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)
    liquidations: list[Liquidation] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)  # what is not urgent: triggers and what is like them
    urgent: list[Waiting] = field(default_factory=list)
    traded: Instrument | None = None  # in the running record
    generation_start_ns: int = 0
    current_ids: list[tuple[bytes, int]] = field(default_factory=list)
    previous_ids: list[tuple[bytes, int]] = field(default_factory=list)

    def account(self, account_id: int) -> Account | None:
        return next((account for account in self.accounts if account.account_id == account_id), None)

    def customer(self, account_id: int) -> Account | None:
        """Any account but the insurance fund."""
        return None if account_id == terms.INSURANCE_FUND else self.account(account_id)

    @property
    def fund(self) -> Account:
        return self.account(terms.INSURANCE_FUND)

    def liquidation(self, account_id: int, scope: int) -> Liquidation | None:
        for one in self.liquidations:
            if (one.account_id, one.scope) == (account_id, scope):
                return one
        return None

    def is_covered(self, account: Account, instrument_id: int) -> bool:
        """A liquidation works on what the account holds in this instrument."""
        return any(self.liquidation(account.account_id, scope) is not None for scope in (0, instrument_id))

    def instrument(self, instrument_id: int) -> Instrument | None:
        return next((one for one in self.instruments if one.instrument_id == instrument_id), None)

    def order(self, order_id: int) -> Order | None:
        return next((order for order in self.orders if order.order_id == order_id), None)

    def orders_of(self, account_id: int, instrument_id: int) -> list[Order]:
        return [one for one in self.orders if one.account_id == account_id and one.instrument_id == instrument_id]

    def resting_reduce_only(self, account_id: int, instrument_id: int) -> list[Order]:
        return [one for one in self.orders_of(account_id, instrument_id) if one.reduce_only and one.resting_lots]

    def attached_of(self, parent_order_id: int) -> list[Order]:
        """Those that still wait, by id."""
        found = [one for one in self.orders if one.untriggered and one.parent_order_id == parent_order_id]
        return sorted(found, key=lambda one: one.order_id)

    def misplaced_attached(self, account_id: int, instrument_id: int) -> list[Order]:
        """Awake attached orders, their parent gone, that wait but would not reduce the account's position, by id."""
        lots = self.account(account_id).position(instrument_id).lots
        waiting = [one for one in self.orders_of(account_id, instrument_id) if one.untriggered and not one.is_asleep]
        found = [one for one in waiting if one.parent_order_id and one.side * lots >= 0]
        found = [one for one in found if self.order(one.parent_order_id) is None]
        return sorted(found, key=lambda one: one.order_id)

    def quotes_of(self, account_id: int, instrument_id: int) -> list[Order]:
        quotes = [one for one in self.orders_of(account_id, instrument_id) if one.is_quote]
        return sorted(quotes, key=lambda one: one.order_id)

    def protection(self, account_id: int, instrument_id: int) -> Protection | None:
        for one in self.protections:
            if (one.account_id, one.instrument_id) == (account_id, instrument_id):
                return one
        return None

    def open_with_client_id(self, account_id: int, client_order_id: str) -> Order | None:
        for order in self.orders:
            if order.account_id == account_id and order.content.client_order_id == client_order_id != "":
                return order
        return None

    def closed_with_client_id(self, account_id: int, client_order_id: str, time_ns: int) -> Order | None:
        """The youngest closed order of that client id, if it is still remembered."""
        of_account = [one for one in self.closed if one.order.account_id == account_id]
        for one in reversed(of_account[-REMEMBERED_CLOSES:]):
            if one.order.content.client_order_id == client_order_id and time_ns - one.closed_at_ns < DAY_NS:
                return one.order
        return None

    def first_sequence(self, command_id: bytes) -> int:
        """The sequence this command id is remembered with, 0 when it is not."""
        for remembered, sequence in self.current_ids + self.previous_ids:
            if remembered == command_id:
                return sequence
        return 0

    def identifier(self, number: int) -> int:
        return number * 64 + self.domain
