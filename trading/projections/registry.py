"""The projections of this app, by name."""

from trading.projections.accounts import Accounts
from trading.projections.activity import Activity
from trading.projections.bands import PriceBands
from trading.projections.candles import Candles
from trading.projections.depth import Depth
from trading.projections.instruments import Instruments
from trading.projections.ledger import Ledger
from trading.projections.liquidations import Liquidations
from trading.projections.orders import Orders
from trading.projections.positions import Positions
from trading.projections.projection import Projection
from trading.projections.ticker import Tickers
from trading.projections.trades import Fills, Trades

PROJECTIONS: tuple[type[Projection], ...] = (
    Instruments,
    Accounts,
    Orders,
    Fills,
    Trades,
    Positions,
    Ledger,
    Liquidations,
    Depth,
    Candles,
    Tickers,
    Activity,
    PriceBands,
)
