"""The engine against the reference engine: same commands, same records; and against itself after replay and restart."""

from collections import Counter

import pytest

from tests.reference import money
from tests.reference.engine import ReferenceEngine
from tests.simulation import coverage
from tests.simulation.commands import CommandStream
from tests.simulation.differential import Pair, play
from tests.simulation.invariants import Auditor
from tests.simulation.view import View
from trading.engine import wire
from trading.engine.commands import (
    ChangeIsolatedMargin,
    DescribeAccount,
    PlaceOrder,
    PreviewOrders,
    SetLeverage,
    SetMarginMode,
)
from trading.engine.engine import Engine
from trading.engine.events import AnyEvent, CommandRefused, CommandRepeated, OrderRepeated, Record, TradeExecuted
from trading.engine.replies import AccountView
from trading.engine.snapshot import dump, load, state_hash

SEEDS = (*range(1, 32), 46)
COMMANDS = 1_500
LONG_SEEDS = range(100, 142)
LONG_COMMANDS = 5_000
QUERY_SEED = 50
CHANGES = (SetLeverage, SetMarginMode, ChangeIsolatedMargin)


def test_both_engines_state_the_same_and_every_rule_is_met():
    met: Counter[str] = Counter()
    for seed in SEEDS:
        for records in play(seed=seed, count=COMMANDS, pair=Pair(is_tight=seed % 2 == 0), auditor=Auditor()):
            for record in records:
                met.update(coverage.met(record))
    print("\n".join(f"{count:6} {name}" for name, count in sorted(met.items())))
    assert coverage.required() - met.keys() == set()


@pytest.mark.long
@pytest.mark.parametrize("seed", LONG_SEEDS)
def test_both_engines_state_the_same_for_long(seed):
    for _ in play(seed=seed, count=LONG_COMMANDS, pair=Pair(is_tight=seed % 2 == 0), auditor=Auditor()):
        pass


@pytest.mark.parametrize("decode", [wire.decode_records, wire.decode_records_to_fold])
@pytest.mark.parametrize("seed", [21, 22])
def test_replaying_the_records_gives_the_same_state(seed, decode):
    """I16, through the bytes of the journal."""
    pair, replayed = Pair(is_tight=True), Engine()
    for records in play(seed=seed, count=COMMANDS, pair=pair, auditor=Auditor()):
        for record in decode(wire.encode_records(records)):
            replayed.fold(record)
    assert state_hash(replayed.state) == state_hash(pair.engine.state)


@pytest.mark.parametrize("seed", [31, 32])
def test_an_engine_from_a_snapshot_goes_on_the_same(seed):
    pair = Pair(is_tight=True)
    for _ in play(seed=seed, count=COMMANDS, pair=pair, auditor=Auditor()):
        if pair.count % 101 == 0:
            data = dump(pair.engine.state)
            pair.engine = Engine(state=load(data))
            assert dump(pair.engine.state) == data


def test_an_account_described_is_the_reference_engines():
    pair = Pair(is_tight=True)
    for _ in play(seed=QUERY_SEED, count=COMMANDS, pair=pair, auditor=Auditor()):
        if pair.count % 53 == 0:
            for account in pair.reference.world.accounts:
                described = pair.engine.answer(DescribeAccount(b"", 0, account.account_id))
                assert figures(described) == expected_figures(pair.reference, account.account_id)


def figures(described: AccountView) -> tuple:
    positions = {
        one.instrument_id: (
            one.position_lots,
            one.entry_value_units,
            one.unrealised_pnl_units,
            one.buy_lots,
            one.sell_lots,
            one.open_loss_units,
            one.initial_margin_units,
            one.maintenance_margin_units,
            one.is_isolated,
            one.isolated_units,
            one.owed_funding_units,
        )
        for one in described.positions
        if one.position_lots or one.buy_lots or one.sell_lots
    }
    margins = (described.equity_units, described.initial_margin_units, described.maintenance_margin_units)
    collateral = described.collateral_units.get("USDT", 0), described.isolated_units
    return (described.state, *collateral, described.liquidations, *margins, positions)


def expected_figures(reference: ReferenceEngine, account_id: int) -> tuple:
    world = reference.world
    account = world.account(account_id)
    positions, maintenance_units = {}, 0
    for instrument in world.instruments:
        held = money.holding(world, account, instrument)
        lots, buys, sells = held.position.lots, held.open_lots(1), held.open_lots(-1)
        if not (lots or buys or sells):
            continue
        maintenance = money.maintenance(instrument, lots)
        maintenance_units += 0 if held.position.is_isolated else maintenance
        positions[instrument.instrument_id] = (
            lots,
            held.position.entry_value_units,
            money.unrealised(instrument, held.position),
            buys,
            sells,
            sum(one.open_loss_units for one in held.resting),
            money.counted_initial(instrument, leverage=money.leverage_of(account, instrument), held=held),
            maintenance,
            held.position.is_isolated,
            held.position.isolated_units,
            money.owed_funding(instrument, held.position),
        )
    total = money.margin(world, account)
    margins = (total.equity_units, total.initial_units, maintenance_units)
    collateral = account.collateral_units, account.collateral_units - money.cross_collateral(account)
    liquidations = sorted(one.scope for one in world.liquidations if one.account_id == account_id)
    return (account.state, *collateral, liquidations, *margins, positions)


def test_a_preview_foretells_what_the_order_does_and_changes_nothing():
    view, engine = View(), Engine()
    stream = CommandStream(seed=QUERY_SEED + 1, view=view)
    foretold = Counter()
    for _ in range(COMMANDS):
        command, time_ns = stream.next()
        preview = changed = None
        if isinstance(command, PlaceOrder) and command.account_id in view.accounts:
            before = state_hash(engine.state)
            preview = engine.answer(PreviewOrders(b"", 0, command.account_id, (command,))).orders[0]
            assert state_hash(engine.state) == before
        elif isinstance(command, CHANGES) and command.account_id in view.accounts:
            before = state_hash(engine.state)
            changed = engine.answer(PreviewOrders(b"", 0, command.account_id, (), (command,))).changes[0]
            assert state_hash(engine.state) == before
        records = engine.execute(command, time_ns)
        for record in records:
            view.fold(record)
        if preview and len(records) == 1 and is_decided_by_rules(records[0].events[0]):
            described = engine.answer(DescribeAccount(b"", 0, command.account_id))
            assert outcome_of(records[0], view) == (preview.code, preview.filled_lots, preview.filled_value_units)
            assert figures(preview.account) == figures(described)
            foretold[preview.code] += 1
        if changed and len(records) == 1 and is_decided_by_rules(records[0].events[0]):
            described = engine.answer(DescribeAccount(b"", 0, command.account_id))
            assert outcome_of(records[0], view)[0] == changed.code
            assert figures(changed.account) == figures(described)
            foretold[type(command), changed.code] += 1
    assert foretold[""] > 200 and len(foretold) > 10
    assert all(foretold[kind, ""] for kind in CHANGES)


def is_decided_by_rules(event: AnyEvent) -> bool:
    """Not by what came before: a repeated or late command, a repeated order."""
    repeated = isinstance(event, CommandRepeated | OrderRepeated)
    return not repeated and not (isinstance(event, CommandRefused) and event.code == "expired_in_transit")


def outcome_of(record: Record, view: View) -> tuple[str, int, int]:
    first = record.events[0]
    code = first.code if isinstance(first, CommandRefused) else ""
    trades = [event for event in record.events if isinstance(event, TradeExecuted)]
    value_units = sum(view.instruments[one.instrument_id].value(one.price_ticks, one.quantity_lots) for one in trades)
    return code, sum(one.quantity_lots for one in trades), value_units
