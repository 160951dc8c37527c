"""The backstop for when nobody prices at all: feeds that are dead or hang cannot stop trading themselves."""

from typing import Final

from risk import selectors
from risk.feeds.choice import chosen_definitions
from risk.feeds.definitions import SECOND_NS
from risk.feeds.exchange_hold import keep_exchange, ladder_rules
from risk.feeds.guard import Firmness
from risk.feeds.holds import keep_guard
from risk.models import FeedHold
from trading.selectors.instruments import list_instruments

GRACE_NS: Final = 30 * SECOND_NS  # for feeds to begin when everything has just been started


def stop_without_feeds(*, now_ns: int, watched_since_ns: int) -> None:
    """Tightens instruments whose index has no tick for as long as their guard waits, and the exchange when they are
    many, as the feeds would.

    An asset that never had an index is left alone. Feeds that come back find a hold of theirs, and undo it.
    """
    ticks, rows = selectors.latest_ticks(), FeedHold.objects.in_bulk()
    views = {view.terms.symbol: view for view in list_instruments()}
    firmness = []
    for asset, definition in chosen_definitions().items():
        if asset not in ticks:
            continue
        silent_ns = now_ns - max(ticks[asset].time_ns, watched_since_ns + GRACE_NS)
        listed = [views[symbol] for symbol in definition.instruments if symbol in views]
        if listed:
            firmness.append(Firmness(0, max(silent_ns, 0)))
        if silent_ns < definition.guard.post_only_after_ns:
            continue
        for view in listed:
            keep_guard(
                instrument_id=view.terms.instrument_id,
                symbol=view.terms.symbol,
                row=rows.get(view.terms.instrument_id),
                firmness=Firmness(0, silent_ns),
                rules=definition.guard,
                now_ns=now_ns,
            )
    keep_exchange(firmness, rules=ladder_rules(), now_ns=now_ns)
