"""Funding that positions owe, and who still does."""

from __future__ import annotations

from trading.core.markets import Instrument
from trading.core.positions import Position
from trading.engine.risk_events import FundingSettled
from trading.engine.state import State


def funding_settled(position: Position) -> FundingSettled:
    """The position pays all it owes."""
    instrument_id = position.instrument.instrument_id
    return FundingSettled(position.account.account_id, instrument_id, position.owed_funding_units())


def unsettled_accounts(state: State, instrument: Instrument) -> list[int]:
    """Ids, the highest first, of at least all accounts whose position here is unsettled; kept on the instrument."""
    if instrument.unsettled is None:
        found = []
        for account_id, account in state.accounts.items():
            position = account.positions.get(instrument.instrument_id)
            if position is not None and position.is_unsettled():
                found.append(account_id)
        instrument.unsettled = sorted(found, reverse=True)
    return instrument.unsettled


def drop_settled(state: State, instrument: Instrument) -> bool:
    """Forget who has been settled at the end of the list; whether anybody is left."""
    accounts = unsettled_accounts(state, instrument)
    while accounts and not state.accounts[accounts[-1]].positions[instrument.instrument_id].is_unsettled():
        accounts.pop()
    return bool(accounts)
