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


@given(
    st.dictionaries(st.integers(1, 50), prices), prices, st.sets(st.integers(1, 50)), prices, st.sampled_from((1, -1))
)
def test_bounds_know_who_is_beyond(bounds, price, removed, fitted, side):
    known = Bounds(price)
    for account_id, ticks in bounds.items():
        known.add(side * ticks, account_id)
    for account_id in removed & bounds.keys():
        known.remove(side * bounds.pop(account_id), account_id)
    known.fit(fitted)
    exceeded = sorted(one for one, ticks in bounds.items() if side * ticks > side * price)
    assert sorted(known.beyond(side * price)) == exceeded
    for account_id, ticks in bounds.items():
        known.remove(side * ticks, account_id)
    assert not known.buckets and not known.codes


def test_buckets_follow_the_price():
    bounds = Bounds(1)
    for account_id in range(1, 1_001):
        bounds.add(account_id * 1_000, account_id)
    assert len(bounds.buckets) == 1_000
    bounds.fit(2**22)
    assert bounds.shift == 11 and len(bounds.buckets) < 1_000
    bounds.fit(2**23)  # twice the price is no reason to start anew
    assert bounds.shift == 11


def test_a_first_tiny_bound_does_not_make_all_buckets_tiny():
    bounds = Bounds(1)
    for account_id in range(1, 5_001):
        bounds.add(10**6 + account_id, account_id)
    assert len(bounds.buckets) < 30 and len(bounds.beyond(10**6 + 4_000)) == 1_000


@given(
    st.lists(
        st.tuples(
            st.integers(1, 5),
            st.dictionaries(st.sampled_from((1, 2, -1, -2)), st.just(0) | prices, max_size=3),
            st.booleans(),
        )
    )
)
def test_who_is_watched_last_counts_and_who_is_noted_is_at_least_found(watched):
    index, last, noted = LiquidationIndex(), {}, set()
    for account_id, ticks, is_noted in watched:
        last[account_id] = [(held, known if held > 0 else -known) for held, known in ticks.items()]
        if is_noted:
            index.note(account_id)
            noted.add(account_id)
        index.watch(account_id, last[account_id])
    index.forget(noted)
    assert not index.noted
    for instrument_id in (1, 2):
        for price in (1, 5_000, 10**7):
            exceeded = {
                account_id
                for account_id, marks in last.items()
                for held, key in marks
                if key and abs(held) == instrument_id and key > (price if held > 0 else -price)
            }
            found = set(index.candidates(instrument_id, price))
            assert exceeded <= found and found - exceeded <= noted


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
