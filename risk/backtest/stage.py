"""Sets a scenario's stage in a new engine: instruments, the fund, makers and traders with their first positions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from random import Random
from typing import NamedTuple

from risk.backtest.crowd import Crowd
from risk.backtest.makers import Desk
from risk.backtest.market import Market
from risk.backtest.population import Holding, Trader, draw_traders
from risk.backtest.scenario import Scenario, ScenarioError
from risk.core.margin import maximum_leverage
from trading.core.terms import EXPIRE_TAKER, GTC, INSURANCE_FUND, LIMIT, SETTLEMENT_ASSET
from trading.engine.commands import (
    CancelAllOrders,
    Command,
    ListInstrument,
    OpenAccount,
    PlaceOrder,
    SetLeverage,
    SetMarginMode,
    TransferCollateral,
    UpdateMarkPrice,
)
from trading.engine.engine import Engine

MAKER_CAPITAL = 1.0  # of a market's open interest, for each maker
FIRST_FEES = 0.001  # of the notional, on top of a trader's margin

Execute = Callable[[Command], None]


class Cast(NamedTuple):
    """Who takes part, by market."""

    markets: list[Market]
    desks: list[Desk]
    crowds: list[Crowd]


def set_stage(
    scenario: Scenario, engine: Engine, execute: Execute, first_prices: Sequence[Sequence[int | None]]
) -> Cast:
    """Everything at the scenario's first second. Raises ScenarioError when its first prices give no firm index."""
    for spec in scenario.markets:
        execute(ListInstrument(b"", 0, *spec.listing))
    instruments = engine.state.instruments
    markets = [Market(spec, scenario, instruments[spec.listing.terms.instrument_id]) for spec in scenario.markets]
    for market, prices in zip(markets, first_prices, strict=True):
        index_ticks = market.see(0, prices).index_price_ticks
        if not market.is_firm:
            raise ScenarioError(f"{market.spec.listing.terms.symbol} begins without a firm index.")
        execute(UpdateMarkPrice(b"", 0, market.instrument_id, index_ticks, index_ticks))
    rules, rng = scenario.population, Random(f"{scenario.seed}:population")
    if scenario.fund_units:
        execute(_deposit(INSURANCE_FUND, scenario.fund_units))
    traders = dict(enumerate(draw_traders(rules, markets=len(markets), rng=rng), 1))
    for account_id, trader in traders.items():
        _open_trader(account_id, trader, markets, execute)
    _open_positions(traders, markets, execute)
    desks, crowds = [], []
    for number, market in enumerate(markets):
        first = len(traders) + 1 + number * rules.makers
        makers = range(first, first + rules.makers)
        for account_id in makers:
            execute(OpenAccount(b"", 0, account_id, account_id))
            execute(_deposit(account_id, int(rules.open_interest_units * MAKER_CAPITAL)))
        desks.append(Desk(market, [engine.state.accounts[maker] for maker in makers], rules.depth_units))
        members = [
            (engine.state.accounts[account_id], trader.leverage)
            for account_id, trader in traders.items()
            if any(holding.market == number for holding in trader.holdings)
        ]
        crowds.append(Crowd(market.instrument, members, rules.orders_per_s, Random(f"{scenario.seed}:crowd:{number}")))
    return Cast(markets, desks, crowds)


def _open_trader(account_id: int, trader: Trader, markets: list[Market], execute: Execute) -> None:
    """An account with the margin its leverage leaves, as far as the brackets admit that leverage."""
    execute(OpenAccount(b"", 0, account_id, account_id))
    margin_units = 0
    for holding in trader.holdings:
        market = markets[holding.market]
        brackets = market.spec.listing.parameters.brackets
        highest = maximum_leverage(brackets, int(holding.notional_units * 1.1))
        leverage = min(trader.leverage, highest / 1.02)
        margin_units += ceil(holding.notional_units * (1 / leverage + FIRST_FEES))
    execute(_deposit(account_id, margin_units))
    for holding in trader.holdings:
        market = markets[holding.market]
        brackets = market.spec.listing.parameters.brackets
        highest = maximum_leverage(brackets, int(holding.notional_units * 1.1))
        leverage = min(ceil(trader.leverage) + 1, highest)
        execute(SetLeverage(b"", 0, account_id, market.instrument_id, leverage))
        if trader.is_isolated:
            execute(SetMarginMode(b"", 0, account_id, market.instrument_id, True))


def _open_positions(traders: dict[int, Trader], markets: list[Market], execute: Execute) -> None:
    """Longs and shorts meet at the index price, so that whoever opens last finds nobody left, not a worse price."""
    for number, market in enumerate(markets):
        for account_id, trader in traders.items():
            for holding in trader.holdings:
                if holding.market == number:
                    order = _opening_order(account_id, holding, market)
                    if order is not None:
                        execute(order)
        for account_id in traders:
            execute(CancelAllOrders(b"", 0, account_id, market.instrument_id))


def _opening_order(account_id: int, holding: Holding, market: Market) -> PlaceOrder | None:
    instrument = market.instrument
    lots = holding.notional_units // instrument.lot_value_units
    if lots * instrument.lot_value_units < instrument.minimum_notional_units or lots == 0:
        return None
    price = instrument.mark_price_ticks
    return PlaceOrder(
        b"", 0, account_id, instrument.instrument_id, "", holding.side, LIMIT, lots, price, GTC, EXPIRE_TAKER
    )


def _deposit(account_id: int, amount_units: int) -> TransferCollateral:
    return TransferCollateral(b"", 0, account_id, SETTLEMENT_ASSET, amount_units, 0)
