"""The index of several venues: the public case, what becomes of bad quotes, and how little one venue can do."""

from fractions import Fraction
from statistics import median

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from risk.core.index_price import (
    CLAMPED_HIGH,
    CLAMPED_LOW,
    CROSSED,
    FROZEN,
    INDEX_ABSENT,
    INDEX_DISAGREEMENT,
    INDEX_FEW_SOURCES,
    INDEX_FIRM,
    INDEX_OFF_BENCHMARK,
    INVALID,
    OUTLIER,
    STALE,
    USED,
    WIDE,
    IndexRules,
    VenueQuote,
    index_price,
    recompute,
)
from trading.core.terms import PPB

SECOND = 10**9
DERIBIT = IndexRules(
    clamp_ppb=5_000_000,
    stale_after_ns=180 * SECOND,
    minimum_sources=2,
    outlier_ppb=0,
    frozen_after_ns=0,
    maximum_spread_ppb=0,
    benchmark_ppb=20_000_000,
)
STRICT = DERIBIT._replace(
    minimum_sources=3, outlier_ppb=20_000_000, frozen_after_ns=60 * SECOND, maximum_spread_ppb=10_000_000
)


def priced(price_ticks, *, venue="venue", weight=1, **fields):
    quote = VenueQuote(venue, 0, 0, price_ticks * PPB, weight, age_ns=0, unchanged_ns=0, is_valid=True)
    return quote._replace(**fields)


def quoted(bid_ticks, ask_ticks, **fields):
    return priced(0, bid_nanoticks=bid_ticks * PPB, ask_nanoticks=ask_ticks * PPB, **fields)


def fates(record):
    return [constituent.fate for constituent in record.constituents]


def test_public_case_11_of_the_capped_median():
    """Deribit: 100 (25 %), 101 (50 %), 120 (25 %) count as 100.495, 101 and 101.505; the index is 101.0."""
    tick = 1_000  # a tick of 0.001
    quotes = [
        priced(100 * tick, weight=25),
        priced(101 * tick, weight=50),
        priced(120 * tick, weight=25),
    ]
    record = index_price(quotes=quotes, rules=DERIBIT)
    assert [constituent.counted_nanoticks for constituent in record.constituents] == [
        100_495 * PPB,
        101_000 * PPB,
        101_505 * PPB,
    ]
    assert fates(record) == [CLAMPED_LOW, USED, CLAMPED_HIGH]
    assert (record.index_price_ticks, record.status) == (101 * tick, INDEX_FIRM)
    assert record.median_nanoticks == 101 * tick * PPB


@pytest.mark.parametrize(
    ("quote", "fate"),
    [
        (priced(-1), INVALID),
        (priced(0), INVALID),
        (priced(10_000, is_valid=False), INVALID),
        (quoted(0, 10_000), INVALID),
        (quoted(-1, 10_000), INVALID),
        (priced(10_000, age_ns=180 * SECOND), USED),
        (priced(10_000, age_ns=180 * SECOND + 1), STALE),
        (priced(10_000, age_ns=-180 * SECOND - 1), STALE),
        (quoted(10_001, 10_000), CROSSED),
        (quoted(10_000, 10_000), USED),
        (quoted(9_950, 10_050), USED),
        (quoted(9_949, 10_050), WIDE),
        (priced(10_000, unchanged_ns=60 * SECOND), USED),
        (priced(10_000, unchanged_ns=60 * SECOND + 1), FROZEN),
        (priced(10_200), USED),
        (priced(10_201), OUTLIER),
        (priced(9_799), OUTLIER),
    ],
)
def test_fate_of_a_quote_among_three_good_ones(quote, fate):
    wide_clamp = STRICT._replace(clamp_ppb=50_000_000)
    record = index_price(quotes=[priced(10_000), priced(10_000), quote, priced(10_000)], rules=wide_clamp)
    assert fates(record) == [USED, USED, fate, USED]
    assert (record.constituents[2].counted_nanoticks > 0) == (fate == USED)
    assert record.status == INDEX_FIRM
    if fate != USED:
        assert record.index_price_ticks == 10_000


def test_a_market_at_rest_is_not_frozen():
    record = index_price(quotes=[priced(10_000, unchanged_ns=SECOND * 3_600)] * 3, rules=STRICT)
    assert fates(record) == [USED] * 3
    assert record.status == INDEX_FIRM


def test_the_last_source_is_the_index_but_not_firm():
    quotes = [priced(10_000, is_valid=False), priced(10_400), priced(9_000, age_ns=SECOND * 600)]
    record = index_price(quotes=quotes, rules=DERIBIT)
    assert (record.index_price_ticks, record.status) == (10_400, INDEX_FEW_SOURCES)


def test_without_any_source_there_is_no_index():
    for quotes in ([], [priced(0)], [priced(10_000, is_valid=False), quoted(2, 1)]):
        record = index_price(quotes=quotes, rules=DERIBIT)
        assert (record.index_price_ticks, record.median_nanoticks, record.status) == (0, 0, INDEX_ABSENT)
        assert recompute(record) == record


def test_a_price_below_half_a_tick_is_no_index():
    assert index_price(quotes=[priced(0, price_nanoticks=PPB // 2)] * 3, rules=STRICT).status == INDEX_ABSENT


def test_two_sources_that_contradict_each_other_are_not_firm():
    rules = STRICT._replace(minimum_sources=2)
    record = index_price(quotes=[priced(10_000), priced(7_000)], rules=rules)
    assert fates(record) == [CLAMPED_HIGH, CLAMPED_LOW]
    assert (record.index_price_ticks, record.status) == (8_500, INDEX_DISAGREEMENT)
    assert index_price(quotes=[priced(10_000), priced(9_900)], rules=rules).status == INDEX_FIRM


def test_what_does_not_count_is_no_source():
    quotes = [priced(10_000), priced(10_010), priced(13_000)]
    record = index_price(quotes=quotes, rules=STRICT)
    assert fates(record)[2] == OUTLIER
    assert (record.index_price_ticks, record.status) == (10_005, INDEX_FEW_SOURCES)
    assert index_price(quotes=[*quotes, priced(10_010)], rules=STRICT).status == INDEX_FIRM


def test_half_of_the_sources_against_the_other_half():
    quotes = [priced(10_000), priced(10_010), priced(7_000), priced(7_010)]
    assert index_price(quotes=quotes, rules=STRICT).status == INDEX_DISAGREEMENT


def test_half_of_the_sources_far_off_on_either_side():
    quotes = [priced(9_000), priced(10_000), priced(10_000), priced(11_000)]
    assert index_price(quotes=quotes, rules=STRICT).status == INDEX_DISAGREEMENT
    assert index_price(quotes=[*quotes, priced(10_000)], rules=STRICT).status == INDEX_FIRM


def test_off_the_benchmark():
    quotes = [priced(10_000)] * 3
    for benchmark_ticks, status in ((9_804, INDEX_FIRM), (9_803, INDEX_OFF_BENCHMARK), (20_000, INDEX_OFF_BENCHMARK)):
        record = index_price(quotes=quotes, rules=STRICT, benchmark_nanoticks=benchmark_ticks * PPB)
        assert (record.index_price_ticks, record.status) == (10_000, status)
        assert recompute(record) == record


def test_rounded_once_half_to_even():
    for bids, expected_ticks in (((10, 11), 10), ((11, 12), 12)):
        record = index_price(quotes=[quoted(*bids)] * 3, rules=STRICT._replace(maximum_spread_ppb=0))
        assert record.index_price_ticks == expected_ticks


def test_a_forged_record_shows():
    record = index_price(quotes=[priced(10_000), priced(10_010), priced(10_020)], rules=STRICT)
    assert recompute(record._replace(index_price_ticks=10_011)) != record._replace(index_price_ticks=10_011)


prices = st.integers(1, 10**6)
nanoprices = st.integers(-PPB, 10**15)
any_quotes = st.lists(
    st.builds(
        VenueQuote,
        st.sampled_from("ABCDE"),
        st.just(0) | nanoprices,
        st.just(0) | nanoprices,
        nanoprices,
        st.integers(1, 100),
        st.integers(-(10**12), 10**12),
        st.integers(0, 10**11),
        st.booleans(),
    ),
    max_size=7,
)
any_rules = st.sampled_from((DERIBIT, STRICT, STRICT._replace(clamp_ppb=0), DERIBIT._replace(clamp_ppb=PPB)))


@given(any_quotes, any_rules, nanoprices)
def test_whatever_venues_say_the_index_is_among_what_they_say(quotes, rules, benchmark_nanoticks):
    record = index_price(quotes=quotes, rules=rules, benchmark_nanoticks=max(benchmark_nanoticks, 0))
    assert recompute(record) == record
    assert [constituent.quote for constituent in record.constituents] == quotes
    said = [
        quote.price_nanoticks
        if quote.bid_nanoticks == quote.ask_nanoticks == 0
        else Fraction(quote.bid_nanoticks + quote.ask_nanoticks, 2)
        for quote, fate, _ in record.constituents
        if fate in (USED, CLAMPED_LOW, CLAMPED_HIGH, OUTLIER)
    ]
    if said:
        assert round(min(said) / Fraction(PPB)) <= record.index_price_ticks <= round(max(said) / Fraction(PPB))
    else:
        assert record.index_price_ticks == 0


@given(st.lists(st.tuples(prices, st.integers(1, 9)), min_size=1, max_size=6))
def test_the_formula_in_fractions(constituents):
    quotes = [priced(price, weight=weight) for price, weight in constituents]
    middle = median(Fraction(price) for price, _ in constituents)
    low, high = middle * Fraction(995, 1_000), middle * Fraction(1_005, 1_000)
    counted = [min(max(Fraction(price), low), high) for price, _ in constituents]
    weights = [weight for _, weight in constituents]
    expected = sum(price * weight for price, weight in zip(counted, weights, strict=True)) / sum(weights)
    assert index_price(quotes=quotes, rules=DERIBIT).index_price_ticks == round(expected)


@given(
    st.integers(10_000, 10**6),
    st.lists(st.tuples(st.integers(-20, 20), st.integers(1, 9)), min_size=2, max_size=5),
    nanoprices,
    st.integers(1, 9),
    st.booleans(),
)
def test_one_wrong_source_moves_the_index_at_most_by_its_share_of_the_clamp(around, honest, wrong, weight, is_strict):
    honest_quotes = [priced(around + offset, weight=own_weight) for offset, own_weight in honest]
    rules = (STRICT if is_strict else DERIBIT)._replace(minimum_sources=1)
    quotes = [*honest_quotes, priced(0, price_nanoticks=wrong, weight=weight)]
    record = index_price(quotes=quotes, rules=rules)
    assert record.status == INDEX_FIRM
    lowest, highest = (edge(price + around for price, _ in honest) for edge in (min, max))
    total = weight + sum(own_weight for _, own_weight in honest)
    share = Fraction(weight, total) * Fraction(5, 1_000)
    assert round(lowest * (1 - share)) <= record.index_price_ticks <= round(highest * (1 + share))


@given(st.integers(10_000, 10**6), nanoprices)
def test_an_outlier_that_is_left_out_moves_nothing(price, wrong):
    assume(abs(wrong - price * PPB) > price * PPB // 50)
    record = index_price(quotes=[priced(price)] * 3 + [priced(0, price_nanoticks=wrong)], rules=STRICT)
    assert record.constituents[3].fate in (OUTLIER, INVALID)
    assert (record.index_price_ticks, record.status) == (price, INDEX_FIRM)
