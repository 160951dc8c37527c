"""The engine's money in double entry: every change of collateral with its counterparts, and the balances."""

from collections.abc import Iterator
from typing import Any

from trading.core.terms import INSURANCE_FUND, SETTLEMENT_ASSET
from trading.engine import events as e
from trading.engine.events import Record
from trading.models import Balance, Posting
from trading.models.ledger import (
    FEES,
    FUNDING_POOL,
    WALLETS,
    collateral_account,
    collateral_owner,
    position_cost_account,
)
from trading.projections.owners import ACCOUNT
from trading.projections.projection import Handler, Projection
from trading.projections.tables import Table

Key = tuple[str, str]


class Ledger(Projection):
    """A trade is up to two entries: `trade_fee` moves both fees to the exchange, `realised_pnl` settles what the closed
    lots earned against the instrument's position cost. What an opening costs nets out between its two sides. What
    passes from a liquidated position to another is settled as a trade is, under a kind of its own.
    """

    name = "ledger"
    owner = ACCOUNT
    tables = (Table(Posting), Table(Balance))

    def __init__(self) -> None:
        self._balances: dict[Key, int] = {}
        self._changed: dict[Key, int] = {}
        self._postings: list[tuple[Any, ...]] = []
        self._posting_id = 0
        self._entry_id = 0

    def handlers(self) -> dict[type, Handler]:
        return {
            e.TradeExecuted: self._trade,
            e.CollateralTransferred: self._transfer,
            e.FundingSettled: self._settle_funding,
            e.LiquidationFeeCharged: self._charge_fee,
            e.PositionAssigned: self._assign,
            e.DeficitCovered: self._cover_deficit,
        }

    def load(self, cursor: Any) -> None:
        postings, balances = self.tables
        cursor.execute(f"SELECT coalesce(max(posting_id), 0) FROM {postings.name}")
        (self._posting_id,) = cursor.fetchone()
        cursor.execute(f"SELECT coalesce(max(entry_id), 0) FROM {postings.name} WHERE posting_id = {self._posting_id}")
        (self._entry_id,) = cursor.fetchone()
        self._balances = {(account, asset): units for account, asset, units, _ in balances.read(cursor)}

    def changes(self) -> Iterator[tuple[int, int, tuple[Any, ...]]]:
        """Rows are the lines of collateral, without the ledger account and the entry."""
        for posting_id, _, kind, account, *rest, sequence in self._postings:
            account_id = collateral_owner(account)
            if account_id:
                yield account_id, sequence, (posting_id, kind, *rest, sequence)

    def write(self, cursor: Any) -> None:
        postings, balances = self.tables
        postings.append(cursor, self._postings)
        balances.upsert(cursor, [(*key, self._balances[key], sequence) for key, sequence in self._changed.items()])
        self._postings = []
        self._changed.clear()

    def _trade(self, record: Record, event: e.TradeExecuted) -> None:
        maker, taker = collateral_account(event.maker_account_id), collateral_account(event.taker_account_id)
        fees = event.maker_fee_units + event.taker_fee_units
        lines = ((maker, -event.maker_fee_units), (taker, -event.taker_fee_units), (FEES, fees))
        self._enter(record, "trade_fee", SETTLEMENT_ASSET, event.trade_id, lines)
        maker_pnl, taker_pnl = event.maker_realised_pnl_units, event.taker_realised_pnl_units
        if maker_pnl or taker_pnl:
            lines = _profit_lines(event.instrument_id, maker, maker_pnl, taker, taker_pnl)
            self._enter(record, "realised_pnl", SETTLEMENT_ASSET, event.trade_id, lines)

    def _transfer(self, record: Record, event: e.CollateralTransferred) -> None:
        account = collateral_account(event.account_id)
        lines = ((account, event.amount_units), (WALLETS, -event.amount_units))
        self._enter(record, "transfer", event.asset, event.transfer_id, lines)
        assert self._balances[account, event.asset] == event.balance_units, f"record {record.sequence} disagrees"

    def _settle_funding(self, record: Record, event: e.FundingSettled) -> None:
        if event.charge_units:
            account = collateral_account(event.account_id)
            lines = ((account, -event.charge_units), (FUNDING_POOL, event.charge_units))
            self._enter(record, "funding", SETTLEMENT_ASSET, event.instrument_id, lines)

    def _charge_fee(self, record: Record, event: e.LiquidationFeeCharged) -> None:
        account, fund = collateral_account(event.account_id), collateral_account(INSURANCE_FUND)
        lines = ((account, -event.fee_units), (fund, event.fee_units))
        self._enter(record, "liquidation_fee", SETTLEMENT_ASSET, event.liquidation_id, lines)

    def _assign(self, record: Record, event: e.PositionAssigned) -> None:
        pnl, counter_pnl = event.realised_pnl_units, event.counterparty_realised_pnl_units
        if pnl or counter_pnl:
            account, counterparty = collateral_account(event.account_id), collateral_account(event.counterparty_id)
            lines = _profit_lines(event.instrument_id, account, pnl, counterparty, counter_pnl)
            kind = "deleveraging" if event.place else "liquidation"
            self._enter(record, kind, SETTLEMENT_ASSET, event.liquidation_id, lines)

    def _cover_deficit(self, record: Record, event: e.DeficitCovered) -> None:
        account, fund = collateral_account(event.account_id), collateral_account(INSURANCE_FUND)
        lines = ((account, event.amount_units), (fund, -event.amount_units))
        self._enter(record, "deficit_covered", SETTLEMENT_ASSET, event.liquidation_id, lines)

    def _enter(
        self, record: Record, kind: str, asset: str, reference_id: int, lines: tuple[tuple[str, int], ...]
    ) -> None:
        """One entry; lines that move nothing are left out."""
        self._entry_id += 1
        for account, units in lines:
            if units:
                key = (account, asset)
                balance = self._balances[key] = self._balances.get(key, 0) + units
                self._changed[key] = record.sequence
                self._posting_id += 1
                self._postings.append(
                    (
                        self._posting_id,
                        self._entry_id,
                        kind,
                        account,
                        asset,
                        units,
                        balance,
                        reference_id,
                        record.time_ns,
                        record.sequence,
                    )
                )


def _profit_lines(
    instrument_id: int, one: str, one_units: int, other: str, other_units: int
) -> tuple[tuple[str, int], ...]:
    """What two ledger accounts earned on lots that changed hands, against what the instrument's positions cost."""
    return (one, one_units), (other, other_units), (position_cost_account(instrument_id), -one_units - other_units)
