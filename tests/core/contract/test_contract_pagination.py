"""Cursors and limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.contract.errors import ApiError
from exchange.contract.pagination import cut_page, decode_cursor, encode_cursor, parse_limit

positions = st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=3)


@given(position=positions)
def test_a_cursor_comes_back_as_it_was(position: list[int]) -> None:
    cursor = encode_cursor(*position, list_name="orders")
    assert decode_cursor(cursor, list_name="orders", parts=len(position)) == tuple(position)


@given(position=positions, data=st.data())
def test_a_changed_cursor_is_refused(position: list[int], data: st.DataObject) -> None:
    cursor = encode_cursor(*position, list_name="orders")
    index = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.sampled_from("ABab01-_").filter(lambda letter: letter != cursor[index]))
    with pytest.raises(ApiError) as refusal:
        decode_cursor(cursor[:index] + other + cursor[index + 1 :], list_name="orders", parts=len(position))
    assert refusal.value.code == "invalid_parameter"


@given(text=st.text(max_size=300))
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(ApiError):
        decode_cursor(text, list_name="orders", parts=1)


def test_a_cursor_belongs_to_its_list_and_shape() -> None:
    cursor = encode_cursor(7, list_name="orders")
    for list_name, parts in (("fills", 1), ("orders", 2)):
        with pytest.raises(ApiError):
            decode_cursor(cursor, list_name=list_name, parts=parts)


@pytest.mark.parametrize(("text", "limit"), [(None, 100), ("1", 1), ("500", 500)])
def test_limits(text: str | None, limit: int) -> None:
    assert parse_limit(text) == limit


@pytest.mark.parametrize("text", ["", "0", "501", "-1", "1.0", "x", "٣", "²", "9" * 5000, " 5"])
def test_bad_limits_are_refused(text: str) -> None:
    with pytest.raises(ApiError) as refusal:
        parse_limit(text)
    assert refusal.value.code == "invalid_parameter"


@given(count=st.integers(0, 20), limit=st.integers(1, 7))
def test_pages_cover_a_list_without_gap_or_repeat(count: int, limit: int) -> None:
    rows = list(range(count, 0, -1))
    seen: list[int] = []
    below = count + 1
    while True:
        found = [row for row in rows if row < below][: limit + 1]
        page, cursor = cut_page(found, limit=limit, list_name="rows", position_of=lambda row: (row,))
        seen += page
        if cursor is None:
            break
        (below,) = decode_cursor(cursor, list_name="rows", parts=1)
    assert seen == rows
