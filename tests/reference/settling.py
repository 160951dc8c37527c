"""What the fills of one record do to accounts: funding settled before, positions, margin of isolated ones after."""

from dataclasses import replace

from tests.reference import money
from tests.reference.cases import Case
from tests.reference.world import Account, Instrument, Order, Position, World
from trading.engine.events import AnyEvent, FundingSettled, IsolatedMarginChanged, PositionAssigned, TradeExecuted


def copy_of(account: Account) -> Account:
    positions = {instrument_id: replace(one) for instrument_id, one in account.positions.items()}
    return replace(account, positions=positions)


def pay_funding(account: Account, instrument: Instrument, charge_units: int) -> None:
    """The account's position is settled from now on."""
    position = account.position(instrument.instrument_id)
    account.collateral_units -= charge_units
    position.isolated_units -= charge_units if position.is_isolated else 0
    position.funding_index = instrument.funding_index


class Books:
    """Copies of all accounts, changed fill by fill; the world stays as it is.

    `before` holds the settled position that each account came to its first fill with, in the order of these.
    """

    def __init__(self, world: World, instrument: Instrument, *, first_number: int = 0) -> None:
        self.world = world
        self.instrument = instrument
        self.number = first_number
        self.accounts = {one.account_id: copy_of(one) for one in world.accounts}
        self.before: dict[int, Position] = {}

    def account(self, account: Account) -> Account:
        return self.accounts[account.account_id]

    def position(self, account: Account) -> Position:
        return self.account(account).position(self.instrument.instrument_id)

    def settle(self, account: Account) -> list[AnyEvent]:
        position = self.position(account)
        if not money.is_unsettled(self.instrument, position):
            return []
        charge_units = money.owed_funding(self.instrument, position)
        pay_funding(self.account(account), self.instrument, charge_units)
        return [FundingSettled(account.account_id, self.instrument.instrument_id, charge_units)]

    def fill(self, account: Account, side: int, price_ticks: int, lots: int, *, fee_units: int = 0) -> int:
        """What it realised."""
        position, after = self.position(account), self.account(account)
        self.before.setdefault(account.account_id, position)
        filled = money.fill_position(
            position, instrument=self.instrument, side=side, price_ticks=price_ticks, quantity_lots=lots
        )
        after.positions[self.instrument.instrument_id] = filled.position
        after.collateral_units += filled.realised_pnl_units - fee_units
        return filled.realised_pnl_units

    def trade(
        self, maker_order: Order, order: Order, *, lots: int, replenished_lots: int, taker_fee_ppb: int | None
    ) -> list[AnyEvent]:
        """A fill of the maker's order, with what is settled before it."""
        maker, taker = self.world.account(maker_order.account_id), self.world.account(order.account_id)
        parameters, price_ticks = self.instrument.parameters, maker_order.price_ticks
        value_units = self.instrument.value(price_ticks, lots)
        taker_rate_ppb = parameters.taker_fee_ppb if taker_fee_ppb is None else taker_fee_ppb
        maker_fee = money.fee_units(value_units, parameters.maker_fee_ppb)
        taker_fee = money.fee_units(value_units, taker_rate_ppb)
        settled = [*self.settle(maker), *self.settle(taker)]
        made = self.fill(maker, maker_order.side, price_ticks, lots, fee_units=maker_fee)
        took = self.fill(taker, order.side, price_ticks, lots, fee_units=taker_fee)
        executed = TradeExecuted(
            trade_id=self.world.identifier(self.number),
            instrument_id=self.instrument.instrument_id,
            price_ticks=price_ticks,
            quantity_lots=lots,
            taker_side=order.side,
            maker_order_id=maker_order.order_id,
            maker_account_id=maker.account_id,
            maker_fee_units=maker_fee,
            maker_realised_pnl_units=made,
            maker_position_lots=self.position(maker).lots,
            maker_entry_value_units=self.position(maker).entry_value_units,
            taker_order_id=order.order_id,
            taker_account_id=taker.account_id,
            taker_fee_units=taker_fee,
            taker_realised_pnl_units=took,
            taker_position_lots=self.position(taker).lots,
            taker_entry_value_units=self.position(taker).entry_value_units,
            replenished_lots=replenished_lots,
        )
        self.number += 1
        return [*settled, executed]

    def assign(
        self, case: Case, counterparty: Account, *, lots: int, price_ticks: int, place: int, rank_ppb: int
    ) -> PositionAssigned:
        """Lots of the position that is liquidated pass to the counterparty."""
        realised = self.fill(case.account, -case.side, price_ticks, lots)
        realised_by_counterparty = self.fill(counterparty, case.side, price_ticks, lots)
        return PositionAssigned(
            liquidation_id=case.liquidation.liquidation_id,
            instrument_id=self.instrument.instrument_id,
            price_ticks=price_ticks,
            quantity_lots=lots,
            side=-case.side,
            account_id=case.account.account_id,
            realised_pnl_units=realised,
            position_lots=self.position(case.account).lots,
            entry_value_units=self.position(case.account).entry_value_units,
            counterparty_id=counterparty.account_id,
            counterparty_realised_pnl_units=realised_by_counterparty,
            counterparty_position_lots=self.position(counterparty).lots,
            counterparty_entry_value_units=self.position(counterparty).entry_value_units,
            place=place,
            rank_ppb=rank_ppb,
        )

    def margins_of_makers(self, taker: Account) -> list[AnyEvent]:
        """Of their isolated positions, in the order of their first fill."""
        makers = [self.world.account(account_id) for account_id in self.before if account_id != taker.account_id]
        return [event for maker in makers for event in self.margin_after_trades(maker)]

    def margin_after_trades(self, account: Account) -> list[AnyEvent]:
        if account.account_id not in self.before:
            return []
        before, position = self.before[account.account_id], self.position(account)
        if not position.is_isolated:
            return []
        kept_units, asked_units = self._margin_wanted(account)
        position.isolated_units = kept_units
        there_units = max(0, money.cross_equity(self.world.instruments, self.account(account)))
        position.isolated_units = kept_units + min(asked_units, there_units)
        if position.isolated_units == before.isolated_units:
            return []
        return [IsolatedMarginChanged(account.account_id, self.instrument.instrument_id, position.isolated_units)]

    def margin_after_assignment(self, counterparty: Account, realised_units: int) -> list[AnyEvent]:
        """An isolated position bears what its close costs beyond the margin that it gives back.

        With no lots left it has nothing any more, but for a liquidation to settle.
        """
        isolated_units = self.position(counterparty).isolated_units
        changed = self.margin_after_trades(counterparty)
        position = self.position(counterparty)
        if not position.is_isolated:
            return changed
        in_liquidation = self.world.liquidation(counterparty.account_id, self.instrument.instrument_id) is not None
        if position.lots or in_liquidation:
            position.isolated_units += min(0, isolated_units - position.isolated_units + realised_units)
        if position.isolated_units == isolated_units:
            return []
        return [IsolatedMarginChanged(counterparty.account_id, self.instrument.instrument_id, position.isolated_units)]

    def _margin_wanted(self, account: Account) -> tuple[int, int]:
        """Of an isolated position after its fills: what it keeps of its part, and how much more the added lots ask."""
        instrument, before, after = self.instrument, self.before[account.account_id], self.position(account)
        if after.lots == 0:
            return 0, 0
        if before.lots * after.lots > 0 and abs(after.lots) < abs(before.lots):
            closed_lots = abs(before.lots) - abs(after.lots)
            return before.isolated_units - before.isolated_units * closed_lots // abs(before.lots), 0
        if before.lots * after.lots < 0:
            before = Position()
        required = money.initial_of(instrument, account, after.lots)
        required_before = money.initial_of(instrument, account, before.lots)
        cost_units = after.entry_value_units - before.entry_value_units
        loss_units = cost_units - instrument.value_at_mark(after.lots - before.lots)
        return before.isolated_units, max(0, required - required_before) + max(0, loss_units)

    def primed(self, account: Account) -> Account:
        """The account after its fills as the margin check sees it: an isolated position has all that it asks for."""
        after = copy_of(self.account(account))
        position = after.position(self.instrument.instrument_id)
        if account.account_id in self.before and position.is_isolated:
            position.isolated_units = sum(self._margin_wanted(account))
        return after
