"""More mistakes made on purpose, about icebergs, attached orders, groups and mass quotes."""

from typing import Any
from unittest.mock import patch

from tests.simulation.bugs import bug
from trading.core.orders import Order, Special
from trading.core.positions import Position
from trading.core.protection import MarketMakerProtection
from trading.engine import apply, resting, snapshot
from trading.engine.commands import CancelGroup
from trading.engine.decide import DECISIONS
from trading.engine.decisions import quotes, related
from trading.engine.execution import Execution
from trading.engine.state import State


@bug
def an_iceberg_keeps_its_place():
    with patch.object(resting, "requeue", lambda order: None):
        yield


@bug
def hidden_lots_trade_before_they_are_shown():
    original = Execution._take

    def take(self: Execution, maker: Order, left: int) -> int:
        special = maker.special or Special()
        hidden_lots, special.hidden_lots = special.hidden_lots, 0
        try:
            return original(self, maker, left)
        finally:
            special.hidden_lots = hidden_lots

    with patch.object(Execution, "_take", take):
        yield


@bug
def attached_orders_sleep_on():
    with patch.object(apply, "tell_related", lambda *_: None):
        yield


@bug
def attached_orders_outlive_their_position():
    with patch.object(Position, "outlived_attached", lambda self: []):
        yield


@bug
def both_of_a_group_are_triggered():
    def cancel_group(state: State, command: CancelGroup) -> list[Any]:
        return related.cancel_group(state, command) if command.is_filled else []

    with patch.dict(DECISIONS, {CancelGroup: cancel_group}):
        yield


@bug
def mass_quotes_hold_no_margin():
    with patch.object(quotes._Plan, "margin_refusal", lambda self: ""):
        yield


@bug
def mass_quotes_may_take():
    with patch.object(quotes, "_best_key", lambda *_: None):
        yield


@bug
def protection_counts_fills_for_ever():
    def count(self: MarketMakerProtection, time_ns: int, signed_lots: int) -> bool:
        self._add(time_ns, signed_lots)
        return 0 < self.quantity_lots <= self.gross_lots or 0 < self.delta_lots <= abs(self.net_lots)

    with patch.object(MarketMakerProtection, "count", count):
        yield


@bug
def snapshots_lack_protections():
    with patch.object(snapshot, "_dump_protection", lambda protection: []):
        yield
