"""One venue that says whatever it likes cannot move an index of three or more beyond what the others say."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from risk.core.index_price import INDEX_FIRM
from risk.feeds.board import HIGHEST_TICKS, QuoteBoard, nanoticks
from risk.feeds.definitions import FOLDER, read_definitions
from risk.feeds.source import Quote
from risk.models import IndexTick
from risk.selectors import is_honest

DEFINITION = read_definitions(FOLDER / "venues.toml")["BTC"]
NOW_NS = 10**18
HONEST = st.decimals(59_000, 61_000, places=2)
ANYTHING = st.decimals(allow_nan=True, allow_infinity=True) | st.decimals(0, 200_000, places=2)
ANYTHING |= st.sampled_from([Decimal("sNaN"), Decimal("1e9999999"), Decimal("-1e9999999"), Decimal("1e-9999999")])
TIMES = st.integers(-(10**20), 10**20) | st.integers(NOW_NS - 60 * 10**9, NOW_NS)


@given(
    honest=st.lists(HONEST, min_size=2, max_size=4),
    manipulated=st.tuples(ANYTHING, ANYTHING, ANYTHING),
    said_at_ns=TIMES,
)
def test_one_manipulated_venue_moves_a_firm_index_within_what_the_others_say(honest, manipulated, said_at_ns):
    names = list(DEFINITION.weights)
    board = QuoteBoard()
    quotes = [Quote(names[place], "BTC", price, price, Decimal(0), NOW_NS) for place, price in enumerate(honest)]
    for _ in range(2):
        board.learn([*quotes, Quote(names[-1], "BTC", *manipulated, said_at_ns)], now_ns=NOW_NS)
    record = board.index(DEFINITION, now_ns=NOW_NS)
    assert is_honest(IndexTick.of(record, asset="BTC", time_ns=NOW_NS, tick=DEFINITION.tick))
    if record.status == INDEX_FIRM:
        price, reach = record.index_price_ticks * DEFINITION.tick, Decimal("0.0051")
        assert min(honest) * (1 - reach) <= price <= max(honest) * (1 + reach)


@given(price=ANYTHING)
def test_whatever_a_venue_says_fits_a_column(price):
    number = nanoticks(price, DEFINITION.tick)
    assert number is None or abs(number) < 2**63
    assert number is None or abs(price) <= HIGHEST_TICKS * DEFINITION.tick


def test_two_venues_are_not_enough():
    board = QuoteBoard()
    for place, name in enumerate(list(DEFINITION.weights)[:3], start=1):
        board.learn([Quote(name, "BTC", Decimal(60_000), Decimal(60_001), Decimal(0), NOW_NS)], now_ns=NOW_NS)
        assert (board.index(DEFINITION, now_ns=NOW_NS).status == INDEX_FIRM) == (place >= 3)
