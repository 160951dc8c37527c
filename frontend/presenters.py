"""What the API says, as what a page shows: text and tone."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from exchange.contract.errors import ApiError
from trading.api import answers, market_presenting
from trading.api.scales import scale_of
from trading.selectors.instruments import InstrumentView
from trading.selectors.market import TickerView

TYPES = {
    "limit": "Limit",
    "market": "Market",
    "stop": "Stop",
    "stop_limit": "Stop limit",
    "take_profit": "Take profit",
    "take_profit_limit": "Take profit limit",
    "trailing_stop": "Trailing stop",
}
STATUSES = {
    "untriggered": "waits for its trigger",
    "new": "rests in the book",
    "partially_filled": "partly filled",
    "filled": "filled",
    "cancelled": "cancelled",
    "rejected": "rejected",
}
REASONS = {
    "user": "by you",
    "ioc": "what could not be filled at once",
    "self_trade": "it would have traded with your own order",
    "protection": "the market was too far from the mark price",
    "reduce_only": "it would have done more than reduce the position",
    "expired": "its time was over",
    "dead_man": "by the dead man's switch",
    "parent": "the order it was attached to ended without a fill",
    "group": "another order of its group came first",
    "requoted": "other quotes took its place",
    "market_maker_protection": "by the market-maker protection",
    "liquidation": "the account is being liquidated",
    "deleveraging": "the position was closed by auto-deleveraging",
    "margin": "filling it would have cost more than the account has",
}


class MarketLine(NamedTuple):
    """Prices are "" while there are none; `change` is that of 24 hours in percent, with its sign."""

    symbol: str
    last: str
    mark: str
    change: str
    tone: str
    volume: str
    state: str


class Notice(NamedTuple):
    """`tone` is gain, loss or plain."""

    tone: str
    title: str
    text: str = ""


UNREACHABLE = Notice("loss", "The exchange could not be reached", "Look at your orders before you send this again.")


def market_line(view: InstrumentView, row: TickerView | None) -> MarketLine:
    state = market_presenting.instrument(view).state
    if row is None:
        return MarketLine(view.terms.symbol, "", "", "", "plain", "", state)
    ticker = market_presenting.ticker(row, scale=scale_of(view.terms))
    change = day_change(ticker)
    return MarketLine(
        ticker.symbol, ticker.last or "", ticker.mark or "", change, tone_of(change), ticker.volume_24h, state
    )


def day_change(ticker: answers.Ticker) -> str:
    """Percent, two places; "" without trades."""
    return change_of(ticker.last, ticker.open_24h, places=2)


def change_of(price: str | None, base: str | None, *, places: int) -> str:
    """How far the price is from its base in percent, with its sign; "" when there is no price or no base."""
    if not price or not base:
        return ""
    return f"{(Decimal(price) / Decimal(base) - 1) * 100:+.{places}f} %"


def tone_of(text: str | None) -> str:
    """Of a signed number."""
    if not text or not Decimal(text.split()[0]):
        return "plain"
    return "loss" if text.startswith("-") else "gain"


def groupings(tick: str) -> list[tuple[int, str]]:
    """(ticks that the book may show as one price, the step that makes)."""
    return [(factor, f"{(Decimal(tick) * factor).normalize():f}") for factor in (1, 10, 100, 1000)]


def grouped(text: str | None, places: int | None = None) -> str:
    """A decimal text with thin groups of three before the point; with `places` cut (never rounded up) to these."""
    if text is None:
        return "–"
    whole, _, fraction = text.partition(".")
    if places is not None:
        fraction = fraction[:places].ljust(places, "0")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    return f"{sign}{int(digits):,}" + (f".{fraction}" if fraction else "")


def percent(ratio: str | None, places: int = 2) -> str:
    return "–" if ratio is None else f"{Decimal(ratio) * 100:.{places}f} %"


def clock(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def placed_notice(order: answers.OrderResult) -> Notice:
    """What became of a new order."""
    done = Decimal(order.filled_quantity)
    what = f"{order.side.capitalize()} {order.quantity} {order.symbol}"
    filled = f"{order.filled_quantity} filled at {grouped(order.average_price)} on average." if done else ""
    if order.status == "cancelled":
        tone = "plain" if done else "loss"
        reason = f"The rest was cancelled: {REASONS[order.cancel_reason or 'user']}."
        return Notice(tone, f"{what}: {'partly filled' if done else 'cancelled'}", f"{filled} {reason}".strip())
    return Notice("gain", f"{what}: {STATUSES[order.status]}", filled)


def error_notice(error: ApiError) -> Notice:
    if error.code == "outcome_unknown":
        final_at = error.details.get("final_at")
        until = f" What happened is certain from {clock(final_at)} UTC on." if final_at else ""
        return Notice(
            "loss", "It is not known yet whether this was done", f"Look at your orders before you repeat it.{until}"
        )
    return Notice("loss", "Not done", error.message)
