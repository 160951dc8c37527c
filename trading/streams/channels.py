"""The names of channels, and the stream behind each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from exchange.contract.errors import ApiError
from trading.api.scales import Scale
from trading.models.market import INTERVALS_S
from trading.projections.liquidations import EVERYBODY
from trading.projections.owners import ACCOUNT, EXCHANGE, MARKET
from trading.streams import lists
from trading.streams.book import BookStream
from trading.streams.markets import Markets
from trading.streams.states import MarkStream, ReadHeartbeat, StatusStream, TickerStream
from trading.streams.stream import Read, Stream

PRIVATE: Final = {
    "orders": lists.OrdersStream,
    "fills": lists.FillsStream,
    "positions": lists.PositionsStream,
    "account": lists.AccountStream,
}


@dataclass(frozen=True, slots=True)
class Channel:
    """What a client names: `kind.symbol` or `candles.symbol.interval` for a market, `kind` alone for all else."""

    name: str
    kind: str
    symbol: str = ""
    interval: str = ""

    @property
    def is_private(self) -> bool:
        return self.kind in PRIVATE


@dataclass(frozen=True, slots=True)
class Sources:
    """What streams are made of."""

    read: Read
    markets: Markets
    heartbeat: ReadHeartbeat


MakeMarketStream = Callable[[Channel, Scale, Sources], Stream]
MARKET_STREAMS: Final[dict[str, MakeMarketStream]] = {
    "book": lambda channel, scale, made_of: BookStream(channel.name, scale, made_of.read),
    "ticker": lambda channel, scale, made_of: TickerStream(channel.name, scale, made_of.read),
    "mark": lambda channel, scale, made_of: MarkStream(channel.name, scale, made_of.read, made_of.markets),
    "trades": lambda channel, scale, made_of: lists.TradesStream(
        channel.name, scale.instrument_id, made_of.read, made_of.markets
    ),
    "candles": lambda channel, scale, made_of: lists.CandlesStream(
        channel.name,
        scale.instrument_id,
        made_of.read,
        made_of.markets,
        interval_s=INTERVALS_S[channel.interval],
    ),
}


def parse_channel(name: str) -> Channel:
    """Refuses with invalid_parameter what is no channel's name; whether the symbol is listed is another matter."""
    match name.split("."):
        case [("liquidations" | "status") as kind]:
            return Channel(name, kind)
        case [kind] if kind in PRIVATE:
            return Channel(name, kind)
        case ["candles", symbol, interval] if interval in INTERVALS_S:
            return Channel(name, "candles", symbol, interval)
        case [kind, symbol] if kind in MARKET_STREAMS and kind != "candles":
            return Channel(name, kind, symbol)
    raise ApiError("invalid_parameter", f"There is no channel {name[:60]!r}.", {"field": "channels"})


def stream_of(channel: Channel, *, scale: Scale | None, account_id: int, made_of: Sources) -> Stream:
    """A stream that is not started. `scale` is that of a market's channel, `account_id` counts for a private one."""
    if scale is not None:
        return MARKET_STREAMS[channel.kind](channel, scale, made_of)
    if channel.is_private:
        return PRIVATE[channel.kind](channel.name, account_id, made_of.read, made_of.markets)
    if channel.kind == "status":
        return StatusStream(channel.name, made_of.read, made_of.markets, made_of.heartbeat)
    return lists.LiquidationsStream(channel.name, EVERYBODY, made_of.read, made_of.markets)


def group_of(channel: Channel, owner_id: int) -> tuple[str, int] | None:
    """The group whose changes the stream hears; None: none."""
    if channel.symbol:
        return MARKET, owner_id
    if channel.is_private:
        return ACCOUNT, owner_id
    return None if channel.kind == "status" else (EXCHANGE, owner_id)
