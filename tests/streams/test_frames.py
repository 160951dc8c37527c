"""Whatever bytes come, the decoder answers with a message or a refusal, and finds the id if one can come back."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exchange.contract.errors import ApiError
from trading.streams import requests as r

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
OPS = ("subscribe", "unsubscribe", "ping", "auth", "cancel_on_disconnect", "market_maker_protection.set") + tuple(
    f"order.{verb}" for verb in ("place", "amend", "cancel", "cancel_all", "mass_quote", "batch")
)
NAMES = ("id", "op", "channels", "nonce", "args", "key", "timestamp", "signature", "account", "symbol", "price")
ALMOST = st.fixed_dictionaries({"op": st.sampled_from(OPS)}, optional={name: JSON for name in NAMES if name != "op"})
PLACE = {
    "op": "order.place",
    "id": 1,
    "nonce": "n",
    "args": {"symbol": "BTC-PERP", "side": "buy", "type": "limit", "quantity": "1", "price": "2"},
}


def check(text):
    try:
        assert isinstance(r.read_message(text), r.Message)
    except ApiError as error:
        assert error.code in ("invalid_parameter", "invalid_price", "invalid_quantity", "payload_too_large")
        assert len(error.message) < 1000
    name = r.id_of(text)
    assert name is None or isinstance(name, (int, str))


@given(st.text(max_size=300))
@example("")
@example("[" * 50_000)
@example('{"op":' * 10_000)
@example('{"id":1e400}')
@example('{"id":"\ud800"}')
@example("\x00")
def test_any_text(text):
    check(text)


@given(ALMOST | JSON)
def test_any_json(value):
    check(json.dumps(value))


@given(st.data())
def test_a_good_message_with_one_thing_changed(data):
    message = json.loads(json.dumps(PLACE))
    target = data.draw(st.sampled_from((message, message["args"])))
    target[data.draw(st.sampled_from((*NAMES, *message["args"], "other")))] = data.draw(JSON)
    check(json.dumps(message))


@given(st.binary(max_size=200))
def test_a_good_message_cut_and_patched(noise):
    text = json.dumps(PLACE).encode()
    for patched in (text[: len(noise)] + noise + text[2 * len(noise) :], text + noise, noise + text):
        check(patched.decode("utf-8", "replace"))


@pytest.mark.parametrize("name", [0, 7, 2**53 - 1, "", "mine", None])
def test_the_id_comes_back_with_a_refusal(name):
    assert r.id_of(json.dumps({"op": "nothing", "id": name})) == name


@pytest.mark.parametrize("name", [-1, 2**53, True, 1.5, [1], {"a": 1}, "x" * 65])
def test_an_id_that_is_none_does_not(name):
    assert r.id_of(json.dumps({"op": "nothing", "id": name})) is None


def test_a_message_may_not_be_large():
    padding = "x" * r.MAXIMUM_FRAME_BYTES
    with pytest.raises(ApiError, match="payload_too_large"):
        r.read_message(json.dumps({"op": "ping", "id": padding}))


def test_good_messages_are_read():
    message = r.read_message(json.dumps(PLACE))
    assert isinstance(message, r.Place) and message.args.price == "2"
    assert r.read_message('{"op":"order.cancel_all","nonce":"a"}').args.symbol is None
    assert r.read_message('{"op":"cancel_on_disconnect","nonce":"a"}').args.enabled is True
    assert r.read_message('{"op":"ping"}').id is None
