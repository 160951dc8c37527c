"""Decimal strings and counted steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.contract.errors import ApiError
from exchange.contract.numbers import (
    MAXIMUM_COUNT,
    Step,
    format_rate,
    format_scaled,
    parse_rate_ppb,
    parse_scaled,
    step_from_text,
)

TENTH: Step = (1, -1)
steps = st.tuples(st.integers(1, 10**6), st.integers(-9, 3))
MALFORMED: list[object] = [
    *[
        "",
        " 1",
        "1 ",
        "1\n",
        "+1",
        "-1",
        "01",
        "00",
        ".5",
        "5.",
        "1e3",
        "1E3",
        "NaN",
        "Infinity",
        "inf",
        "0x1",
        "1_000",
    ],
    *["1,5", "\u0661", "\uff11", "1.\u0661", "1.5.5", "9" * 20, "1." + "0" * 19, "9" * 10_000],
    *[1, 1.5, 0, True, None, [], {}, b"1", 10**30, float("nan")],
]
grammar = st.from_regex(r"(0|[1-9][0-9]{0,18})(\.[0-9]{1,18})?", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "step", "count"),
    [
        ("60000.5", TENTH, 600_005),
        ("60000.50000", TENTH, 600_005),
        ("0", TENTH, 0),
        ("0.000", TENTH, 0),
        ("1.5", (5, -1), 3),
        ("300", (1, 2), 3),
        ("300.0", (1, 2), 3),
        ("0.000000000000000001", (1, -18), 1),
        ("922337203685477580.7", TENTH, MAXIMUM_COUNT),
    ],
)
def test_counts_the_steps_of_a_decimal_string(text: str, step: Step, count: int) -> None:
    assert parse_scaled(text, step=step, field="price") == count


@pytest.mark.parametrize("value", MALFORMED)
def test_refuses_what_is_not_of_the_grammar(value: object) -> None:
    with pytest.raises(ApiError) as refusal:
        parse_scaled(value, step=TENTH, field="price", code="invalid_price")
    assert refusal.value.code == "invalid_price"
    assert refusal.value.details == {"field": "price"}


@pytest.mark.parametrize(("text", "step"), [("60000.55", TENTH), ("1.2", (5, -1)), ("250", (1, 2)), ("0.01", (1, 0))])
def test_never_rounds_what_is_off_step(text: str, step: Step) -> None:
    with pytest.raises(ApiError, match="whole multiple of " + format_scaled(1, step)):
        parse_scaled(text, step=step, field="price")


def test_refuses_more_than_the_maximum_either_way() -> None:
    assert parse_scaled("1000", step=(1, 0), field="limit", maximum=1000) == 1000
    for text in ("1001", "-1001"):
        with pytest.raises(ApiError, match="at most 1000"):
            parse_scaled(text, step=(1, 0), field="limit", maximum=1000, signed=True)
    with pytest.raises(ApiError):
        parse_scaled("9223372036854775808", step=(1, 0), field="amount")


@pytest.mark.parametrize(("text", "count"), [("-1.5", -15), ("1.5", 15), ("-0", 0), ("-0.0", 0)])
def test_a_signed_number_may_be_negative(text: str, count: int) -> None:
    assert parse_scaled(text, step=TENTH, field="amount", signed=True) == count


@pytest.mark.parametrize("text", ["--1", "-", "-01", "- 1", "\u22121", "-NaN"])
def test_refuses_odd_signs(text: str) -> None:
    with pytest.raises(ApiError):
        parse_scaled(text, step=TENTH, field="amount", signed=True)


@pytest.mark.parametrize(
    ("count", "step", "text"),
    [
        (0, TENTH, "0"),
        (600_005, TENTH, "60000.5"),
        (600_000, TENTH, "60000"),
        (-1, (1, -6), "-0.000001"),
        (-1_000_000, (1, -6), "-1"),
        (3, (5, -1), "1.5"),
        (-3, (1, 2), "-300"),
        (100, (1, 0), "100"),
    ],
)
def test_formats_canonically(count: int, step: Step, text: str) -> None:
    assert format_scaled(count, step) == text


@given(count=st.integers(-MAXIMUM_COUNT, MAXIMUM_COUNT), exponent=st.integers(-18, 0))
def test_what_is_formatted_parses_back(count: int, exponent: int) -> None:
    text = format_scaled(count, (1, exponent))
    assert parse_scaled(text, step=(1, exponent), field="amount", signed=True) == count
    assert not text.startswith("-") or count < 0
    assert "." not in text or not text.endswith("0")


@given(count=st.integers(0, 10**12), step=steps)
def test_any_step_round_trips(count: int, step: Step) -> None:
    assert parse_scaled(format_scaled(count, step), step=step, field="quantity") == count


@given(text=grammar)
def test_formatting_what_was_parsed_only_drops_trailing_zeros(text: str) -> None:
    count = parse_scaled(text, step=(1, -18), field="amount", maximum=10**40)
    canonical = text.rstrip("0").rstrip(".") if "." in text else text
    assert format_scaled(count, (1, -18)) == canonical


@given(text=st.text(max_size=30))
def test_any_text_is_a_count_or_a_refusal(text: str) -> None:
    try:
        count = parse_scaled(text, step=(1, -18), field="amount", signed=True, maximum=10**40)
    except ApiError:
        return
    assert (
        parse_scaled(format_scaled(count, (1, -18)), step=(1, -18), field="amount", signed=True, maximum=10**40)
        == count
    )


@pytest.mark.parametrize(
    ("text", "step"), [("0.1", (1, -1)), ("0.50", (5, -1)), ("20", (2, 1)), ("1", (1, 0)), ("12.5", (125, -1))]
)
def test_a_step_is_read_from_text(text: str, step: Step) -> None:
    assert step_from_text(text) == step
    assert parse_scaled(text, step=step, field="tick") == 1


@pytest.mark.parametrize("text", ["0", "0.00", "-1", "x", ""])
def test_a_step_must_be_above_zero(text: str) -> None:
    with pytest.raises(ValueError):
        step_from_text(text)


def test_rates_are_parts_per_billion() -> None:
    assert parse_rate_ppb("0.0005", field="rate") == 500_000
    assert format_rate(500_000) == "0.0005"
    assert parse_rate_ppb(format_rate(-1), field="rate", signed=True) == -1
    with pytest.raises(ApiError):
        parse_rate_ppb("0.0000000001", field="rate")
