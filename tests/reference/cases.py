"""A liquidation at the moment of a step, as its events tell it."""

from dataclasses import dataclass

from tests.reference.world import Account, Instrument, Liquidation, Position
from trading.engine import events
from trading.engine.events import AnyEvent


@dataclass
class Case:
    """A liquidation with the numbers of its scope, and the position that is worked on."""

    liquidation: Liquidation
    account: Account
    equity_units: int
    maintenance_units: int
    instrument: Instrument
    position: Position
    bankruptcy_price_ticks: int

    @property
    def side(self) -> int:
        return 1 if self.position.lots > 0 else -1

    @property
    def scope(self) -> int:
        return self.liquidation.scope

    def stepped(self, step: int, lots: int, *, limit_price_ticks: int = 0, order_id: int = 0) -> AnyEvent:
        return events.LiquidationStepped(
            liquidation_id=self.liquidation.liquidation_id,
            account_id=self.account.account_id,
            instrument_id=self.instrument.instrument_id,
            step=step,
            lots=self.side * lots,
            equity_units=self.equity_units,
            maintenance_units=self.maintenance_units,
            mark_price_ticks=self.instrument.mark_price_ticks,
            bankruptcy_price_ticks=self.bankruptcy_price_ticks,
            limit_price_ticks=limit_price_ticks,
            order_id=order_id,
        )

    def kept_in_position(self, units: int) -> list[AnyEvent]:
        """An isolated position's P&L stays in it."""
        if not self.scope or not units:
            return []
        isolated_units = self.position.isolated_units + units
        return [events.IsolatedMarginChanged(self.account.account_id, self.scope, isolated_units)]
