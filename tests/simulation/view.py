"""What records alone say about the exchange: the fold that invariants, generators and auditors look at.

It knows nothing of any engine's state; positions, fees and balances are taken from the events.
"""

from dataclasses import dataclass, field

from tests.reference.fold_risk import hold
from tests.reference.world import Account, Instrument, Position, insurance_fund
from tests.simulation.risk_view import fold_risk_event
from trading.core import terms
from trading.engine import events
from trading.engine.commands import AdvanceTime, InternalCommand, JournaledCommand
from trading.engine.events import AnyEvent, Record

DAY_NS = 24 * 3600 * 10**9
REMEMBERED_CLOSES = 10_000


@dataclass
class SeenOrder:
    """An order as its events tell it. `resting_lots` counts lots in the book or, untriggered, lots that wait."""

    placed: events.OrderPlaced
    quantity_lots: int
    price_ticks: int
    resting_lots: int
    open_loss_units: int
    arrival: int
    sequence: int
    untriggered: bool
    filled_lots: int = 0
    cancelled_lots: int = 0
    hidden_lots: int = 0
    group_id: int = 0
    placed_sequence: int = 0
    is_asleep: bool = False

    @property
    def open_lots(self) -> int:
        return self.quantity_lots - self.filled_lots - self.cancelled_lots

    @property
    def shown_lots(self) -> int:
        return self.resting_lots - self.hidden_lots

    @property
    def side(self) -> int:
        return self.placed.side

    @property
    def reduce_only(self) -> bool:
        return self.placed.reduce_only


@dataclass
class ClientIds:
    """Client order ids of an account: those open, and for the closed ones when and as the how manieth they closed."""

    open: set[str] = field(default_factory=set)
    closed: dict[str, tuple[int, int]] = field(default_factory=dict)
    closes: int = 0

    def is_known(self, client_order_id: str, time_ns: int) -> bool:
        closed_at_ns, number = self.closed.get(client_order_id, (-DAY_NS, -REMEMBERED_CLOSES))
        remembered = time_ns - closed_at_ns < DAY_NS and self.closes - number < REMEMBERED_CLOSES
        return client_order_id in self.open or remembered


class View:
    def __init__(self) -> None:
        self.sequence = 0
        self.cause_sequence = 0
        self.external_sequence = 0  # of the last record of a command that came from outside
        self.time_ns = 0
        self.command: JournaledCommand = AdvanceTime(b"", 0)  # that of the record
        self.accounts: dict[int, Account] = {terms.INSURANCE_FUND: insurance_fund()}
        self.instruments: dict[int, Instrument] = {}
        self.orders: dict[int, SeenOrder] = {}
        self.client_ids: dict[int, ClientIds] = {}
        self.depth: dict[tuple[int, int], dict[int, int]] = {}
        self.deadlines: dict[int, int] = {}  # of dead man's switches that are on
        self.fired: dict[int, int] = {}  # the deadline of the switch that fired last, by account
        self.filled: dict[int, int] = {}  # of every order ever placed
        self.frozen_until_ns: dict[tuple[int, int], int] = {}  # of quotes, by account and instrument; 0: until set anew
        self.liquidations: dict[tuple[int, int], int] = {}  # their ids, by account and scope
        self.exchange_state = terms.INSTRUMENT_NORMAL
        self.fee_units = 0
        self.funding_pool_units = 0
        self.settlements = 0
        self.transferred_units = 0
        self._arrivals = 0

    def fold(self, record: Record) -> None:
        self.stamp(record)
        for event in record.events:
            self.fold_event(event)

    def stamp(self, record: Record) -> None:
        self.sequence, self.time_ns, self.command = record.sequence, record.time_ns, record.command
        self.cause_sequence = record.cause_sequence
        if not isinstance(record.command, InternalCommand):
            self.external_sequence = record.sequence

    def fold_event(self, event: AnyEvent) -> None:
        match event:
            case events.OrderPlaced():
                self._placed(event)
            case events.OrderTriggered():
                order = self._order(event.order_id)
                order.untriggered = False
                order.cancelled_lots += event.cut_lots
                self._enter(order, event.price_ticks, event.resting_lots, event.open_loss_units)
            case events.OrderAmended():
                self._amended(event)
            case events.TradeExecuted():
                self._traded(event)
            case events.OrderReduced():
                order = self._order(event.order_id)
                self._shrink(order, event.cancelled_lots)
                order.cancelled_lots += event.cancelled_lots
                self._level(order, event.price_ticks, -event.cancelled_lots)
            case events.OrderCancelled():
                order = self._order(event.order_id)
                order.cancelled_lots += event.cancelled_lots
                if event.rested:
                    self._level(order, event.price_ticks, event.hidden_lots - event.cancelled_lots)
                self._close(order)
            case events.OrderRejected():
                order = self._order(event.order_id)
                order.cancelled_lots += event.cancelled_lots
                self._close(order)
            case _:
                self._fold_exchange_event(event)

    def _fold_exchange_event(self, event: AnyEvent) -> None:
        match event:
            case events.AccountOpened():
                self.accounts.setdefault(event.account_id, Account(event.account_id, event.user_id))
                self.client_ids.setdefault(event.account_id, ClientIds())
            case events.AccountStateChanged():
                self.accounts[event.account_id].state = event.state
            case events.AccountLimitsChanged():
                self.accounts[event.account_id].maximum_open_orders = event.maximum_open_orders
            case events.CancelAfterSet():
                was = self.deadlines.pop(event.account_id, 0)
                if event.deadline_ns:
                    self.deadlines[event.account_id] = event.deadline_ns
                self.fired[event.account_id] = was
            case events.MarketMakerProtectionSet():
                self.frozen_until_ns.pop((event.account_id, event.instrument_id), None)
            case events.MarketMakerProtectionFired():
                self.frozen_until_ns[event.account_id, event.instrument_id] = event.frozen_until_ns
            case events.CollateralTransferred():
                self.accounts[event.account_id].collateral_units += event.amount_units
                self.transferred_units += event.amount_units
            case events.LeverageChanged():
                self.accounts[event.account_id].leverages[event.instrument_id] = event.leverage
            case events.InstrumentListed():
                listed = Instrument(event.terms, event.parameters, event.parameters.version)
                listed.exchange_state = self.exchange_state
                self.instruments[event.terms.instrument_id] = listed
            case events.ParametersScheduled():
                self._newest(event.instrument_id, event.parameters.version)
            case events.ParametersChanged():
                self.instruments[event.instrument_id].parameters = event.parameters
                self._newest(event.instrument_id, event.parameters.version)
            case _:
                fold_risk_event(self, event)

    def _newest(self, instrument_id: int, version: int) -> None:
        instrument = self.instruments[instrument_id]
        instrument.newest_version = max(instrument.newest_version, version)

    def _order(self, order_id: int) -> SeenOrder:
        order = self.orders[order_id]
        order.sequence = self.sequence
        return order

    def _placed(self, event: events.OrderPlaced) -> None:
        order = SeenOrder(
            placed=event,
            quantity_lots=event.quantity_lots,
            price_ticks=event.price_ticks,
            resting_lots=event.resting_lots,
            open_loss_units=0,
            arrival=0,
            sequence=self.sequence,
            untriggered=event.order_type in terms.TRIGGERED_TYPES,
            cancelled_lots=event.cut_lots,
            group_id=event.group_id,
            placed_sequence=self.sequence,
            is_asleep=event.is_asleep,
        )
        self.filled.setdefault(event.order_id, 0)
        if event.group_id and not event.parent_order_id:
            self.orders[event.group_id].group_id = event.group_id
        self.orders[event.order_id] = order
        if event.client_order_id:
            self.client_ids[event.account_id].open.add(event.client_order_id)
        if not order.untriggered:
            self._enter(order, event.price_ticks, event.resting_lots, event.open_loss_units, event.hidden_lots)

    def _amended(self, event: events.OrderAmended) -> None:
        order = self._order(event.order_id)
        order.quantity_lots, order.price_ticks = event.quantity_lots, event.price_ticks
        if not event.untriggered:
            self._level(order, event.previous_price_ticks, event.previous_hidden_lots - event.previous_resting_lots)
        if event.requeued:
            self._enter(order, event.price_ticks, event.resting_lots, event.open_loss_units, event.hidden_lots)
            return
        order.hidden_lots = event.hidden_lots
        order.is_asleep = order.is_asleep and not event.wakes
        order.resting_lots, order.open_loss_units = event.resting_lots, event.open_loss_units
        if not event.untriggered:
            self._level(order, event.price_ticks, event.resting_lots - event.hidden_lots)

    def _traded(self, event: events.TradeExecuted) -> None:
        maker, taker = self._order(event.maker_order_id), self._order(event.taker_order_id)
        self._level(maker, event.price_ticks, event.replenished_lots - event.quantity_lots)
        if event.replenished_lots:
            maker.hidden_lots -= event.replenished_lots
            self._arrivals += 1
            maker.arrival = self._arrivals
        self._shrink(maker, event.quantity_lots)
        for order in (maker, taker):
            order.filled_lots += event.quantity_lots
            self.filled[order.placed.order_id] = order.filled_lots
            if order.open_lots == 0:
                self._close(order)
        for account_id, lots, entry_value_units, gain_units in sides_of(event):
            account = self.accounts[account_id]
            hold(account, self.instruments[event.instrument_id], lots, entry_value_units)
            account.collateral_units += gain_units
        self.fee_units += event.maker_fee_units + event.taker_fee_units

    def _enter(self, order: SeenOrder, price_ticks: int, lots: int, open_loss_units: int, hidden_lots: int = 0) -> None:
        self._arrivals += 1
        order.arrival = self._arrivals
        order.resting_lots, order.open_loss_units, order.hidden_lots = lots, open_loss_units, hidden_lots
        self._level(order, price_ticks, lots - hidden_lots)

    def _shrink(self, order: SeenOrder, lots: int) -> None:
        order.open_loss_units -= order.open_loss_units * lots // order.resting_lots
        order.resting_lots -= lots

    def _level(self, order: SeenOrder, price_ticks: int, change_lots: int) -> None:
        if change_lots == 0:
            return
        levels = self.depth.setdefault((order.placed.instrument_id, order.side), {})
        levels[price_ticks] = levels.get(price_ticks, 0) + change_lots
        if levels[price_ticks] == 0:
            del levels[price_ticks]

    def _close(self, order: SeenOrder) -> None:
        placed = order.placed
        del self.orders[placed.order_id]
        if placed.client_order_id:
            ids = self.client_ids[placed.account_id]
            ids.open.discard(placed.client_order_id)
            ids.closed[placed.client_order_id] = (self.time_ns, ids.closes)
            ids.closes += 1

    def book(self, instrument_id: int, side: int) -> list[SeenOrder]:
        """The resting orders of one side, best first and oldest first within a price."""
        orders = [
            one
            for one in self.orders.values()
            if one.placed.instrument_id == instrument_id
            and one.side == side
            and one.resting_lots
            and not one.untriggered
        ]
        return sorted(orders, key=lambda one: (-side * one.price_ticks, one.arrival))

    def position(self, account_id: int, instrument_id: int) -> Position:
        return self.accounts[account_id].positions.get(instrument_id, Position())

    def has_unsettled(self) -> bool:
        return any(
            position.lots and position.funding_index != self.instruments[instrument_id].funding_index
            for account in self.accounts.values()
            for instrument_id, position in account.positions.items()
        )

    def covers(self, account_id: int, instrument_id: int) -> bool:
        """A liquidation of this account works on what it holds in the instrument."""
        scope = instrument_id if self.position(account_id, instrument_id).is_isolated else 0
        return (account_id, scope) in self.liquidations


def sides_of(event: events.TradeExecuted) -> list[tuple[int, int, int, int]]:
    """Maker and taker of a trade: (account, position lots, entry value, what the collateral gains)."""
    return [
        (
            event.maker_account_id,
            event.maker_position_lots,
            event.maker_entry_value_units,
            event.maker_realised_pnl_units - event.maker_fee_units,
        ),
        (
            event.taker_account_id,
            event.taker_position_lots,
            event.taker_entry_value_units,
            event.taker_realised_pnl_units - event.taker_fee_units,
        ),
    ]
