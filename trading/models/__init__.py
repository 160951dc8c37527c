from trading.models.account_transfers import AccountTransfer
from trading.models.accounts import AccountLeverage, EngineAccount
from trading.models.activity import AccountActivity, ActivityHold
from trading.models.cursor import ProjectionCursor, StreamPosition
from trading.models.deleveraging import DeleveragingQueue
from trading.models.instruments import (
    ExchangeState,
    FundingForecast,
    FundingRate,
    Instrument,
    ParametersVersion,
    PriceBand,
)
from trading.models.journal import EngineLease, JournalRow, Snapshot
from trading.models.ledger import Balance, Posting
from trading.models.liquidations import Assignment, Liquidation, LiquidationStep
from trading.models.market import Candle, DepthLevel, Ticker
from trading.models.operators import JournalPage, SnapshotPage
from trading.models.orders import Order
from trading.models.positions import FundingIndex, Position
from trading.models.requests import InstrumentRequest, Transfer
from trading.models.trades import Fill, Trade

__all__ = [
    "AccountActivity",
    "AccountLeverage",
    "AccountTransfer",
    "ActivityHold",
    "Assignment",
    "Balance",
    "Candle",
    "DepthLevel",
    "DeleveragingQueue",
    "EngineAccount",
    "EngineLease",
    "ExchangeState",
    "Fill",
    "FundingForecast",
    "FundingIndex",
    "FundingRate",
    "Instrument",
    "InstrumentRequest",
    "JournalPage",
    "JournalRow",
    "Liquidation",
    "LiquidationStep",
    "Order",
    "ParametersVersion",
    "Position",
    "Posting",
    "PriceBand",
    "ProjectionCursor",
    "Snapshot",
    "SnapshotPage",
    "StreamPosition",
    "Ticker",
    "Trade",
    "Transfer",
]
