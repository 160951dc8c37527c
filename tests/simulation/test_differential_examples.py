"""Both engines through what random commands hardly reach: full queues, whole days, ten thousand closed orders."""

import pytest

from tests.simulation import coverage, world
from tests.simulation.differential import Pair
from tests.simulation.invariants import Auditor
from trading.core import terms
from trading.engine import commands
from trading.engine.commands import ExternalCommand, PlaceOrder, PlaceSpecialOrder
from trading.engine.events import Record

START_NS = 1_700_000_000 * 10**9
SECOND_NS = 10**9
DAY_NS = 24 * 3600 * SECOND_NS


class Scene:
    """Both engines and the auditor, with accounts 1 and 2 (of two users) and instrument 1 at mark 1000."""

    def __init__(self, **parameters: object) -> None:
        self.pair, self.auditor = Pair(), Auditor()
        self.time_ns = START_NS
        self.numbers = 0
        self.run(commands.ListInstrument(b"", 0, world.TERMS[1], world.PARAMETERS[1]._replace(**parameters)))
        self.run(commands.UpdateMarkPrice(b"", 0, 1, 1000))
        for account_id in (1, 2):
            self.run(commands.OpenAccount(b"", 0, account_id, account_id))
            self.run(commands.TransferCollateral(b"", 0, account_id, "USDT", 10**12, account_id))

    def run(self, command: ExternalCommand, *, after_ns: int = 0) -> list[Record]:
        self.time_ns += after_ns
        records, difference = self.pair.execute(command, self.time_ns)
        assert difference is None, str(difference)
        for record in records:
            self.auditor.audit(record)
        return records

    def order(self, **fields: object) -> PlaceOrder:
        given = {
            "account_id": 1,
            "instrument_id": 1,
            "client_order_id": "",
            "side": terms.BUY,
            "order_type": terms.LIMIT,
            "quantity_lots": 3,
            "price_ticks": 990,
            "time_in_force": terms.GTC,
            "self_trade_prevention": terms.EXPIRE_MAKER,
        }
        return PlaceSpecialOrder(b"", 0, **(given | fields)).simplest()

    def stop(self, **fields: object) -> PlaceOrder:
        given = {
            "order_type": terms.STOP,
            "price_ticks": 0,
            "time_in_force": terms.IOC,
            "trigger_price_ticks": 1010,
            "trigger_by": terms.TRIGGER_BY_MARK,
        }
        return self.order(**(given | fields))


def kinds(records: list[Record]) -> list[str]:
    return [type(record.command).__name__ for record in records]


def test_more_than_a_thousand_stops_take_turns_with_other_commands():
    scene = Scene(maximum_open_orders=5_000)
    stops = [scene.run(scene.stop()) for _ in range(2_100)]
    last_id = stops[-1][0].events[0].order_id
    jump = scene.run(commands.UpdateMarkPrice(b"", 0, 1, 1020))
    assert kinds(jump) == ["UpdateMarkPrice"] + ["TriggerOrder"] * 1_000
    cancel = scene.run(commands.CancelOrder(b"", 0, 1, last_id))
    assert kinds(cancel) == ["TriggerOrder"] * 1_000 + ["CancelOrder"] + ["TriggerOrder"] * 100
    assert cancel[-1].events == [] and cancel[-2].events != []
    assert {record.cause_sequence for record in jump[1:]} == {jump[0].sequence}


@pytest.mark.long
def test_a_stop_that_triggers_in_a_halt_comes_to_nothing_and_may_come_again():
    scene = Scene(maximum_open_orders=5_000)
    for _ in range(2_010):
        scene.run(scene.stop())
    scene.run(commands.UpdateMarkPrice(b"", 0, 1, 1020))
    halt = scene.run(commands.SetInstrumentState(b"", 0, 1, terms.INSTRUMENT_CANCEL_ONLY))
    assert kinds(halt) == ["TriggerOrder"] * 1_000 + ["SetInstrumentState"] + ["TriggerOrder"] * 10
    assert all(record.events == [] for record in halt[-10:])
    assert len(scene.auditor.view.orders) == 10
    again = scene.run(commands.SetInstrumentState(b"", 0, 1, terms.INSTRUMENT_NORMAL))
    assert kinds(again) == ["SetInstrumentState"] + ["TriggerOrder"] * 10
    assert scene.auditor.view.orders == {}


def test_a_closed_client_order_id_is_free_again_after_a_day():
    scene = Scene()
    named = scene.order(client_order_id="alice-1")
    first = scene.run(named)[0].events[0].order_id
    scene.run(commands.CancelOrder(b"", 0, 1, first))
    repeated = scene.run(named, after_ns=DAY_NS - 1)
    assert [type(event).__name__ for event in repeated[0].events] == ["OrderRepeated"]
    placed = scene.run(named, after_ns=1)
    assert [type(event).__name__ for event in placed[0].events] == ["OrderPlaced"]


@pytest.mark.long
def test_a_closed_client_order_id_is_free_again_after_ten_thousand_others():
    scene = Scene()
    immediate = {"order_type": terms.MARKET, "price_ticks": 0, "time_in_force": terms.IOC}
    for number in range(10_000):
        scene.run(scene.order(client_order_id=f"n{number}", **immediate))
    known = scene.run(scene.order(client_order_id="n0", **immediate))
    assert "OrderRepeated" in coverage_of(known)
    scene.run(scene.order(client_order_id="n10000", **immediate))
    free = scene.run(scene.order(client_order_id="n0", **immediate))
    assert "OrderPlaced" in coverage_of(free)


def coverage_of(records: list[Record]) -> set[str]:
    return {name for record in records for name in coverage.met(record)}


def test_a_command_id_is_remembered_for_one_to_two_generations():
    scene = Scene()
    command = commands.AdvanceTime(b"0123456789abcdef", 0)
    scene.run(command)
    for after_s, is_known in ((119, True), (1, True), (119, True), (1, False), (240, True), (240, False)):
        records = scene.run(command, after_ns=after_s * SECOND_NS)
        assert ("CommandRepeated" in coverage_of(records)) == is_known


def test_a_reduce_only_maker_gives_no_more_than_its_position():
    """Bob's own sale in the same walk shrinks what his reduce-only order may still sell."""
    scene = Scene()
    scene.run(scene.order(account_id=1, side=terms.SELL, quantity_lots=10, price_ticks=1000))
    scene.run(scene.order(account_id=2, side=terms.BUY, quantity_lots=10, price_ticks=1000))
    scene.run(scene.order(account_id=2, side=terms.SELL, quantity_lots=7, price_ticks=1001))
    scene.run(scene.order(account_id=2, side=terms.SELL, quantity_lots=10, price_ticks=1002, reduce_only=True))
    records = scene.run(scene.order(account_id=1, side=terms.BUY, quantity_lots=12, price_ticks=1003))
    names = [type(event).__name__ for event in records[0].events]
    assert names == ["OrderPlaced", "TradeExecuted", "TradeExecuted", "OrderCancelled"]
    assert records[0].events[2].quantity_lots == 3 and records[0].events[3].cancelled_lots == 7


def test_a_scheduled_version_that_is_overtaken_changes_nothing():
    scene = Scene()
    newer = world.PARAMETERS[1]._replace(taker_fee_ppb=600_000)
    later_ns = START_NS + 10 * SECOND_NS
    scene.run(commands.SetInstrumentParameters(b"", 0, 1, newer._replace(version=2), later_ns))
    scene.run(commands.SetInstrumentParameters(b"", 0, 1, newer._replace(version=3)))
    due = scene.run(commands.AdvanceTime(b"", 0), after_ns=10 * SECOND_NS)
    assert kinds(due) == ["ActivateParameters", "AdvanceTime"] and due[0].events == []


@pytest.mark.parametrize(("short_units", "code"), [(0, ""), (1, "insufficient_margin")])
def test_margin_is_enough_to_the_unit(short_units, code):
    """Ten lots at mark 1000 are worth 70,000: a twentieth of it and the fee are asked, 3,500 + 36."""
    scene = Scene()
    scene.run(commands.OpenAccount(b"", 0, 3, 3))
    scene.run(commands.TransferCollateral(b"", 0, 3, "USDT", 3_536 - short_units, 3))
    placed = scene.run(scene.order(account_id=3, quantity_lots=10))
    assert getattr(placed[0].events[0], "code", "") == code


@pytest.mark.parametrize(("short_units", "code"), [(0, ""), (1, "position_limit")])
def test_a_position_reaches_its_limit_to_the_unit(short_units, code):
    scene = Scene(position_limit_units=70_000 - short_units)
    placed = scene.run(scene.order(quantity_lots=10))
    assert getattr(placed[0].events[0], "code", "") == code


@pytest.mark.parametrize(("excess_units", "code"), [(0, ""), (1, "insufficient_funds")])
def test_free_collateral_goes_out_to_the_unit(excess_units, code):
    scene = Scene()
    scene.run(scene.order(quantity_lots=10))
    out = scene.run(commands.TransferCollateral(b"", 0, 1, "USDT", -(10**12 - 3_536 + excess_units), 9))
    assert getattr(out[0].events[0], "code", "") == code
