"""The catalogue of refusals, and command ids."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.contract.digests import command_id_for, item_command_id
from exchange.contract.errors import CATALOGUE, ApiError

# The published list, as status: codes.
PUBLISHED = {
    400: "invalid_parameter invalid_price invalid_quantity notional_too_small",
    401: "unauthenticated stale_timestamp bad_signature",
    403: "forbidden_scope ip_not_allowed account_restricted",
    404: "not_found order_not_found instrument_not_found account_not_found",
    405: "method_not_allowed",
    409: "duplicate_client_order_id idempotency_conflict",
    413: "payload_too_large",
    415: "unsupported_media_type",
    422: "insufficient_margin insufficient_funds would_take would_not_reduce not_fillable price_outside_band"
    " too_many_open_orders position_limit leverage_too_high instrument_halted quotes_frozen post_only_mode"
    " order_already_closed expired_in_transit",
    429: "rate_limited",
    503: "engine_busy engine_unavailable read_behind",
    504: "outcome_unknown",
}


def test_the_catalogue_is_the_published_one() -> None:
    assert {code: kind.status for code, kind in CATALOGUE.items()} == {
        code: status for status, codes in PUBLISHED.items() for code in codes.split()
    }


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_refusal_has_a_sentence(code: str) -> None:
    error = ApiError(code)
    assert error.status == CATALOGUE[code].status
    assert re.fullmatch(r"[A-Z].*\.", error.message)
    assert error.envelope() == {"error": {"code": code, "message": error.message, "details": {}}}


def test_a_refusal_carries_its_own_words_and_details() -> None:
    error = ApiError("would_take", "It would trade at 60000.", {"price": "60000"})
    assert (error.message, error.details) == ("It would trade at 60000.", {"price": "60000"})


def test_an_unpublished_code_is_a_bug() -> None:
    with pytest.raises(KeyError):
        ApiError("made_up")


@given(
    first=st.tuples(st.text(max_size=8), st.binary(max_size=8)),
    second=st.tuples(st.text(max_size=8), st.binary(max_size=8)),
)
def test_command_ids_tell_requests_apart(first: tuple[str, bytes], second: tuple[str, bytes]) -> None:
    assert (command_id_for(*first) == command_id_for(*second)) == (first == second)
    assert len(command_id_for(*first)) == 16


def test_command_ids_of_items_differ_from_each_other_and_the_request() -> None:
    request = command_id_for("key", b"signature")
    ids = {request} | {item_command_id(request, index) for index in range(50)}
    assert len(ids) == 51
    assert {len(command_id) for command_id in ids} == {16}
    assert item_command_id(request, 3) == item_command_id(request, 3)
