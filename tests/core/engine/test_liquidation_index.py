"""The index names at least everybody whom a price could liquidate; the window knows its least and greatest price."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.commands import CommandStream
from tests.simulation.view import View
from trading.core.price_window import PriceWindow
from trading.engine.commands import UpdateMarkPrice
from trading.engine.engine import Engine
from trading.engine.liquidation_index import Bounds, LiquidationIndex
from trading.engine.scopes import held_by_scope, margin_of
from trading.engine.snapshot import dump, load

prices = st.integers(1, 10**7)


@given(st.dictionaries(st.integers(1, 50), prices), prices, st.sets(st.integers(1, 50)))
def test_bounds_know_who_is_above_and_below(bounds, price, removed):
    known = Bounds()
    for account_id, ticks in bounds.items():
        known.add(ticks, account_id)
    for account_id in removed & bounds.keys():
        known.remove(bounds.pop(account_id), account_id)
    assert sorted(known.above(price)) == sorted(one for one, ticks in bounds.items() if ticks > price)
    assert sorted(known.below(price)) == sorted(one for one, ticks in bounds.items() if ticks < price)


@given(
    st.lists(st.tuples(st.integers(1, 5), st.lists(st.tuples(st.integers(1, 2), prices, st.booleans()), max_size=3)))
)
def test_who_is_watched_last_counts(watched):
    index, last = LiquidationIndex(), {}
    for account_id, bounds in watched:
        marks = {one: (one, 0, ticks) if is_high else (one, ticks, 0) for one, ticks, is_high in bounds}
        last[account_id] = list(marks.values())
        index.watch(account_id, last[account_id])
    for instrument_id in (1, 2):
        for price in (1, 5_000, 10**7):
            exceeded = {
                account_id
                for account_id, marks in last.items()
                for one, low, high in marks
                if one == instrument_id and (low > price or 0 < high < price)
            }
            assert index.candidates(instrument_id, price) == sorted(exceeded)


def test_nobody_is_overlooked_by_any_price_and_a_fresh_start_decides_alike():
    """A random market: at every price the candidates hold everybody who would be below maintenance with it."""
    engine, view, found = Engine(), View(), 0
    stream = CommandStream(seed=77, view=view)
    for number in range(2_500):
        command, time_ns = stream.next()
        state = engine.state
        if isinstance(command, UpdateMarkPrice) and command.instrument_id in state.instruments:
            instrument = state.instruments[command.instrument_id]
            value_units = command.mark_price_ticks * instrument.value_units
            candidates = state.liquidation_index.candidates(command.instrument_id, command.mark_price_ticks)
            for account_id, account in state.accounts.items():
                for scope, held in held_by_scope(account).items():
                    equity, maintenance = margin_of(account, scope, held, instrument, value_units)
                    if equity < sum(maintenance) and scope not in (account.liquidations or ()):
                        assert account_id in candidates
                        found += 1
        if number % 100 == 0:
            engine = Engine(state=load(dump(state)))
        for record in engine.execute(command, time_ns):
            view.fold(record)
    assert found > 50


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 50), prices), min_size=1, max_size=60), st.integers(1, 200))
def test_the_window_forgets_old_prices(steps, window_ns):
    window, seen, time_ns = PriceWindow(), [], 0
    for elapsed_ns, ticks in steps:
        time_ns += elapsed_ns
        seen.append((time_ns, ticks))
        young = [known for at_ns, known in seen if at_ns > time_ns - window_ns]
        assert window.with_price(time_ns, ticks, window_ns) == (min(young), max(young))
        window.add(time_ns, ticks, window_ns)
        assert window.low_and_high() == (min(young), max(young))
    window.clear()
    assert window.is_empty()
