"""The exchange's invariants as questions to records: each names its id, and holds after every record of any engine.

`Auditor.audit(record)` folds one record and raises AssertionError when an invariant breaks.
"""

from collections.abc import Iterator

from tests.reference import money
from tests.reference.deleveraging import Close
from tests.simulation import risk_invariants
from tests.simulation.view import SeenOrder, View, sides_of
from trading.core import terms
from trading.engine import events
from trading.engine.commands import InternalCommand, JournaledCommand, Liquidate, UnwindFund
from trading.engine.events import AnyEvent, Record

NUMBERED = events.OrderPlaced | events.TradeExecuted | events.LiquidationStarted


class Auditor:
    def __init__(self) -> None:
        self.view = View()
        self._last_number = 0
        self._to_deleverage: list[Close] = []

    def audit(self, record: Record) -> None:
        view = self.view
        check_sequence(view, record)
        active = activated_account(view, record)
        lacking_before = lacking_units(view, active) if active else 0
        before = risk_invariants.look_before(view, record)
        view.stamp(record)
        for event in record.events:
            self._check_identifiers(event)
            self._check_queue(event)
            check_event(view, event)
            risk_invariants.check_risk_event(view, event)
            view.fold_event(event)
        assert not self._to_deleverage, "I19: fewer were deleveraged than the step says"
        touched = {event.instrument_id for event in record.events if hasattr(event, "instrument_id")}
        for instrument_id in touched & view.instruments.keys():
            check_positions_cancel_out(view, instrument_id)
            check_book(view, instrument_id)
        if record.events:
            check_money_is_conserved(view)
        if not isinstance(record.command, InternalCommand):
            check_expired(view)
        check_orders_touched(view, record)
        check_quotes_gone(view, record)
        if active:
            check_margin_held(view, active, lacking_before)
        risk_invariants.check_risk_record(view, record, before)

    def _check_queue(self, event: AnyEvent) -> None:
        """I19: in the order of rank as it was before the step, each as far as it can bear before the next."""
        if isinstance(event, events.LiquidationStepped) and event.step == terms.STEP_DELEVERAGE:
            self._to_deleverage = risk_invariants.expected_queue(self.view, event)
        if isinstance(event, events.PositionAssigned) and event.place:
            one = self._to_deleverage.pop(0)
            expected = (one.account.account_id, one.lots, one.price_ticks, one.rank_ppb)
            stated = (event.counterparty_id, event.quantity_lots, event.price_ticks, event.rank_ppb)
            assert stated == expected, f"I19: out of turn: {stated} for {expected}"

    def _check_identifiers(self, event: AnyEvent) -> None:
        for name in ("order_id", "trade_id", "liquidation_id"):
            if isinstance(event, NUMBERED) and hasattr(event, name):
                number = getattr(event, name) // 64
                assert number == self._last_number + 1, f"{name} {number} after {self._last_number}"
                self._last_number = number


def is_by_exchange(command: JournaledCommand) -> bool:
    """Its orders close positions: without a fee, and asking for no margin."""
    return isinstance(command, Liquidate | UnwindFund)


def check_sequence(view: View, record: Record) -> None:
    """I13: sequences without gaps, time never back, causes before what they cause."""
    assert record.sequence == view.sequence + 1, f"I13: {record.sequence} after {view.sequence}"
    assert record.time_ns >= view.time_ns, "I13: time ran backwards"
    assert 0 <= record.cause_sequence < record.sequence, "I13: caused by what comes later"


def check_event(view: View, event: AnyEvent) -> None:
    """What must hold the moment before an event is folded."""
    match event:
        case events.OrderPlaced():
            check_client_order_id(view, event)
            check_quote_allowed(view, event)
        case events.OrderTriggered():
            check_alone_and_awake(view, event)
        case events.OrderCancelled():
            check_not_before_its_time(view, event)
        case events.TradeExecuted():
            check_trade_allowed(view, event)
            check_priority(view, event)
            check_two_equal_sides(view, event)
            check_only_reduced(view, event)
        case events.CollateralTransferred():
            before = view.accounts[event.account_id].collateral_units
            assert event.balance_units == before + event.amount_units, "I2: wrong balance after a transfer"


def check_client_order_id(view: View, event: events.OrderPlaced) -> None:
    """I14: unique per account among open orders and those closed lately."""
    if event.client_order_id:
        known = view.client_ids[event.account_id].is_known(event.client_order_id, view.time_ns)
        assert not known, f"I14: {event.client_order_id} used again by account {event.account_id}"


def check_quote_allowed(view: View, event: events.OrderPlaced) -> None:
    """No quotes while market-maker protection freezes them."""
    if event.is_quote:
        frozen_until_ns = view.frozen_until_ns.get((event.account_id, event.instrument_id), -1)
        assert frozen_until_ns != 0 and frozen_until_ns <= view.time_ns, "a quote while quotes are frozen"


def check_alone_and_awake(view: View, event: events.OrderTriggered) -> None:
    """Others of a group, but such as joined it while the trigger waited its turn, go before one is triggered; an
    attached order is awake, no larger than its parent's fills."""
    order = view.orders[event.order_id]
    parent_id = order.placed.parent_order_id
    if order.group_id:
        others = [one for one in view.orders.values() if order.group_id in (one.group_id, one.placed.order_id)]
        others = [one for one in others if one is not order and one.placed_sequence <= view.cause_sequence]
        if view.cause_sequence < view.external_sequence:  # it waited for its turn, and was perhaps to be rejected first
            others = [one for one in others if not one.untriggered]
        assert not others, "triggered while others of its group are open"
    if parent_id:
        assert not order.is_asleep, "triggered while asleep"
        assert order.quantity_lots <= view.filled[parent_id], "an attached order larger than its parent's fills"


def check_not_before_its_time(view: View, event: events.OrderCancelled) -> None:
    """An order expires, or falls to its dead man's switch, at its time and never before."""
    if event.reason == terms.CANCEL_EXPIRED:
        assert 0 < view.orders[event.order_id].placed.expires_at_ns <= view.time_ns, "expired too early"
    if event.reason == terms.CANCEL_DEAD_MAN:
        assert 0 < view.fired.get(event.account_id, 0) <= view.time_ns, "the dead man's switch fired too early"


def check_expired(view: View) -> None:
    """No order outlives its expiry, no switch its deadline, once a later command was stamped."""
    for order in view.orders.values():
        expires_at_ns = order.placed.expires_at_ns
        assert not 0 < expires_at_ns <= view.time_ns, f"{order} is overdue"
    for account_id, deadline_ns in view.deadlines.items():
        assert not 0 < deadline_ns <= view.time_ns, f"the switch of account {account_id} is overdue"


def check_trade_allowed(view: View, event: events.TradeExecuted) -> None:
    """I22: fills only in an instrument that trades; never between accounts of one user, never beyond the limit."""
    assert view.instruments[event.instrument_id].state == terms.INSTRUMENT_NORMAL, "I22: fill while not trading"
    maker, taker = view.accounts[event.maker_account_id], view.accounts[event.taker_account_id]
    assert maker.user_id != taker.user_id, "self-trade"
    order = view.orders[event.taker_order_id]
    if order.placed.order_type not in terms.MARKET_TYPES:
        assert order.side * (order.price_ticks - event.price_ticks) >= 0, "fill beyond the limit price"


def check_priority(view: View, event: events.TradeExecuted) -> None:
    """I12: the maker is the oldest of the best price; liquidations leave orders of the same user where they are."""
    user_id = view.accounts[event.taker_account_id].user_id if is_by_exchange(view.command) else None
    book = view.book(event.instrument_id, -event.taker_side)
    best = next(order for order in book if view.accounts[order.placed.account_id].user_id != user_id)
    assert best.placed.order_id == event.maker_order_id, "I12: another order came first"
    assert best.price_ticks == event.price_ticks, "I12: not the maker's price"
    assert event.quantity_lots <= best.shown_lots, "I12: hidden lots filled before they were shown"
    assert not view.orders[event.taker_order_id].placed.is_quote, "a quote took"


def check_two_equal_sides(view: View, event: events.TradeExecuted) -> None:
    """I5: both sides have the same lots and value; P&L, entry value and fee are those of the rules."""
    instrument = view.instruments[event.instrument_id]
    value_units = instrument.value(event.price_ticks, event.quantity_lots)
    parameters = instrument.parameters
    rates = (parameters.maker_fee_ppb, 0 if is_by_exchange(view.command) else parameters.taker_fee_ppb)
    signs = (-event.taker_side, event.taker_side)
    for side, rate_ppb, stated in zip(signs, rates, sides_of(event), strict=True):
        account_id, lots, entry_value_units, gain_units = stated
        filled = money.fill_position(
            view.position(account_id, event.instrument_id),
            instrument=instrument,
            side=side,
            price_ticks=event.price_ticks,
            quantity_lots=event.quantity_lots,
        )
        stated_position = (lots, entry_value_units)
        assert (filled.position.lots, filled.position.entry_value_units) == stated_position, "I5: wrong position"
        expected = filled.realised_pnl_units - money.fee_units(value_units, rate_ppb)
        assert gain_units == expected, "I5: wrong P&L or fee"


def check_only_reduced(view: View, event: events.TradeExecuted) -> None:
    """A reduce-only order never opens a position and never flips one."""
    stated = sides_of(event)
    for order_id, (account_id, lots, _, _) in zip((event.maker_order_id, event.taker_order_id), stated, strict=True):
        if view.orders[order_id].reduce_only:
            before = view.position(account_id, event.instrument_id).lots
            assert lots * before >= 0 and abs(lots) == abs(before) - event.quantity_lots, "reduce-only did not reduce"


def check_positions_cancel_out(view: View, instrument_id: int) -> None:
    """I4: signed positions of an instrument sum to zero."""
    total = sum(view.position(account_id, instrument_id).lots for account_id in view.accounts)
    assert total == 0, f"I4: positions sum to {total}"


def check_money_is_conserved(view: View) -> None:
    """I2: collateral and fees less what positions cost are exactly what was transferred in."""
    costs = sum(
        position.entry_value_units for account in view.accounts.values() for position in account.positions.values()
    )
    collateral = sum(account.collateral_units for account in view.accounts.values())
    total = collateral + view.fee_units + view.funding_pool_units - costs
    assert total == view.transferred_units, f"I2: {total} is not {view.transferred_units}"


def check_book(view: View, instrument_id: int) -> None:
    """I10: never crossed; each level, as readers of depth count it, is the sum of its orders."""
    best = []
    for side in (terms.BUY, terms.SELL):
        book = view.book(instrument_id, side)
        levels: dict[int, int] = {}
        for order in book:
            levels[order.price_ticks] = levels.get(order.price_ticks, 0) + order.shown_lots
            check_shown(order)
        assert levels == view.depth.get((instrument_id, side), {}), "I10: a level is not the sum of its orders"
        best += [book[0].price_ticks] if book else []
    assert len(best) < 2 or best[0] < best[1], f"I10: crossed at {best}"


def check_shown(order: SeenOrder) -> None:
    """An iceberg shows something, at most what it is to show at a time; all others show everything."""
    display_lots = order.placed.display_lots
    assert order.hidden_lots >= 0 and order.shown_lots > 0, f"I10: {order}"
    assert order.shown_lots <= display_lots if display_lots else order.hidden_lots == 0, f"I10: {order}"


def check_quotes_gone(view: View, record: Record) -> None:
    """When market-maker protection fires no quote of the account is left."""
    for event in record.events:
        if isinstance(event, events.MarketMakerProtectionFired):
            left = [
                order
                for order in view.orders.values()
                if order.placed.is_quote
                and order.placed.account_id == event.account_id
                and order.placed.instrument_id == event.instrument_id
            ]
            assert not left, "quotes outlive market-maker protection"


def check_orders_touched(view: View, record: Record) -> None:
    """I11: filled + open + cancelled = quantity, and what is open rests or waits."""
    for order_id in touched_orders(record):
        order = view.orders.get(order_id)
        if order is not None:
            check_lots(order)


def touched_orders(record: Record) -> Iterator[int]:
    for event in record.events:
        for name in ("order_id", "maker_order_id", "taker_order_id"):
            if hasattr(event, name):
                yield getattr(event, name)


def check_lots(order: SeenOrder) -> None:
    assert order.open_lots == order.resting_lots > 0, f"I11: {order}"
    assert order.filled_lots >= 0 and order.cancelled_lots >= 0 and order.open_loss_units >= 0, f"I11: {order}"


def activated_account(view: View, record: Record) -> int:
    """The account whose order this record let into the market, 0 when none or when it is the exchange's own."""
    if is_by_exchange(record.command):
        return 0
    for event in record.events:
        match event:
            case events.OrderPlaced() if event.order_type in (terms.LIMIT, terms.MARKET):
                return event.account_id
            case events.OrderTriggered():
                return event.account_id
            case events.OrderAmended() if event.requeued:
                return event.account_id
    return 0


def check_margin_held(view: View, account_id: int, lacking_before_units: int) -> None:
    """I8: whose order was accepted holds its initial margin, or lacks no more of it than before."""
    lacking = lacking_units(view, account_id)
    assert lacking <= 0 or lacking <= lacking_before_units, f"I8: account {account_id} lacks {lacking}"


def lacking_units(view: View, account_id: int) -> int:
    """Σ initial margin − cross equity."""
    account = view.accounts[account_id]
    lacking = -money.cross_equity(view.instruments.values(), account)
    for instrument_id, instrument in view.instruments.items():
        resting = [
            money.Resting(order.side, order.resting_lots, order.open_loss_units, order.reduce_only)
            for order in view.orders.values()
            if order.placed.account_id == account_id
            and order.placed.instrument_id == instrument_id
            and not order.untriggered
        ]
        held = money.Holding(view.position(account_id, instrument_id), resting)
        lacking += money.counted_initial(instrument, leverage=money.leverage_of(account, instrument), held=held)
    return lacking
