"""Who trades: sizes and leverages as the profile says, makers who widen, thin out and pull."""

from random import Random

import pytest

from risk.backtest.makers import PULL_ABOVE, Desk
from risk.backtest.market import Market
from risk.backtest.population import LARGEST_SHARE, PROFILES, PopulationRules, draw_traders
from tests.backtest.worlds import small
from trading.core.terms import BUY, SELL
from trading.engine import commands as c
from trading.engine.engine import Engine

RULES = PopulationRules(traders=1_000, open_interest_units=10**13, both_markets=0.2)


@pytest.mark.parametrize("profile", PROFILES)
def test_open_interest_by_leverage_is_that_of_the_profile(profile):
    traders = draw_traders(RULES._replace(profile=profile), markets=1, rng=Random(5))
    longs = [
        (trader.leverage, trader.holdings[0].notional_units) for trader in traders if trader.holdings[0].side == BUY
    ]
    total = sum(size for _, size in longs)
    assert total == pytest.approx(RULES.open_interest_units, rel=0.02)
    assert max(size for _, size in longs) <= RULES.open_interest_units * LARGEST_SHARE
    for cls in PROFILES[profile]:
        share = sum(size for leverage, size in longs if cls.low * 1.1 <= leverage <= cls.high * 1.1) / total
        assert share == pytest.approx(cls.open_interest_share, abs=0.03)


def test_sizes_are_unequal_and_longs_are_geared_higher():
    traders = draw_traders(RULES, markets=1, rng=Random(5))
    sizes = sorted((trader.holdings[0].notional_units for trader in traders), reverse=True)
    assert 0.5 < sum(sizes[: len(sizes) // 5]) / sum(sizes) < 0.95
    longs, shorts = (
        sorted(trader.leverage for trader in traders if trader.holdings[0].side == side) for side in (BUY, SELL)
    )
    assert longs[len(longs) // 2] > shorts[len(shorts) // 2]


def test_some_hold_positions_in_both_markets_and_the_seed_decides_who():
    traders = draw_traders(RULES, markets=2, rng=Random(5))
    both = [trader for trader in traders if len(trader.holdings) == 2]
    assert len(traders) == 2 * RULES.traders and 0.15 < len(both) / len(traders) < 0.25
    assert all(
        trader.margin_units() >= sum(held.notional_units for held in trader.holdings) / trader.leverage
        for trader in traders
    )
    assert traders == draw_traders(RULES, markets=2, rng=Random(5)) != draw_traders(RULES, markets=2, rng=Random(6))


class Quoting:
    """A market whose index one sets, and its desk of one maker."""

    def __init__(self):
        self.scenario = small("constant-price")
        self.engine = Engine()
        spec = self.scenario.markets[0]
        self.do(c.ListInstrument(b"", 0, *spec.listing))
        self.do(c.OpenAccount(b"", 0, 1, 1))
        self.do(c.TransferCollateral(b"", 0, 1, "USDT", 10**15, 0))
        self.market = Market(spec, self.scenario, self.engine.state.instruments[1])
        self.desk = Desk(self.market, [self.engine.state.accounts[1]], 10**12)

    def do(self, command):
        self.engine.execute(command, self.scenario.starts_s * 10**9)

    def at(self, second, ticks):
        """The quotes given at that second, None: nothing was sent."""
        self.market.see(second, [ticks * 10**9] * 3)
        self.do(c.UpdateMarkPrice(b"", 0, 1, ticks, ticks))
        sent = self.desk.act(second)
        for command in sent:
            self.do(command)
        return sent[-1].quotes if sent else None


def spread(quotes):
    return min(quote.price_ticks for quote in quotes if quote.side == SELL) - max(
        quote.price_ticks for quote in quotes if quote.side == BUY
    )


def lots(quotes):
    return sum(quote.quantity_lots for quote in quotes)


def test_makers_widen_and_thin_out_as_prices_move_faster_and_then_pull():
    quoting = Quoting()
    quiet = quoting.at(0, 600_000)
    assert quoting.at(1, 600_000) is None, "nothing has changed"
    excited = quoting.at(2, 597_000)
    assert spread(excited) > 3 * spread(quiet) and lots(excited) < lots(quiet) / 9
    assert quoting.at(3, 560_000) == ()
    assert quoting.desk.speed_ratio() > PULL_ABOVE
    assert quoting.engine.state.accounts[1].orders == {}
    calm = [quoting.at(second, 560_000) for second in range(4, 600)]
    assert spread([quotes for quotes in calm if quotes][-1]) < 2 * spread(quiet)


def test_makers_who_hold_a_lot_want_no_more_of_it():
    quoting = Quoting()
    before = quoting.at(0, 600_000)
    quoting.do(c.OpenAccount(b"", 0, 2, 2))
    quoting.do(c.TransferCollateral(b"", 0, 2, "USDT", 10**15, 0))
    for second in range(31, 2_000, 31):
        best = min(quote.price_ticks for quote in before if quote.side == BUY)
        quoting.do(c.PlaceOrder(b"", 0, 2, 1, "", SELL, 1, 10_000, best, 2, 1))
        after = quoting.at(second, 600_000)
        before = after if after and any(quote.side == BUY for quote in after) else before
    assert {quote.side for quote in after} == {SELL}
    assert quoting.engine.state.accounts[1].positions[1].lots > 0


def test_makers_pull_when_there_is_no_firm_index():
    quoting = Quoting()
    assert quoting.at(0, 600_000)
    quoting.market.see(1, [600_000 * 10**9, None, None])
    quoting.market.see(100, [600_000 * 10**9, None, None])
    assert [command.quotes for command in quoting.desk.act(100)] == [()]
