"""The dead man's switch of a socket is renewed exactly while the engine has said that it is armed."""

import asyncio

import pytest

from exchange.contract.errors import ApiError
from tests.streams.talker import Talker, outcome
from trading.engine.events import CancelAfterSet
from trading.streams import renewal

pytestmark = pytest.mark.asyncio


@pytest.fixture
def talker(monkeypatch, settings):
    monkeypatch.setattr(renewal, "RENEW_S", 0.01)
    settings.RATE_LIMITS_ENABLED = False
    return Talker()


async def change(talker, *, enabled, refusal=None):
    """Asks, is silent for a while in which nothing may be renewed, then answers."""
    await talker.say("cancel_on_disconnect", args={"enabled": enabled})
    before = len(talker.gateway.sent)
    await asyncio.sleep(0.03)
    assert len(talker.gateway.sent) == before
    ((command,), then) = talker.gateway.sent[-1]
    set_to = CancelAfterSet(7, 9_000_000 if enabled else 0)
    then([ApiError(refusal) if refusal else outcome(command, before, [set_to])])


async def is_renewed(talker):
    before = len(talker.gateway.sent)
    await asyncio.sleep(0.03)
    renewals = talker.gateway.sent[before:]
    assert all(command.timeout_ns == renewal.SWITCH_MS * 1_000_000 for (command,), _ in renewals)
    return bool(renewals)


async def test_it_is_renewed_from_on_to_off(talker):
    await change(talker, enabled=True)
    assert await is_renewed(talker)
    await change(talker, enabled=False)
    assert not await is_renewed(talker)


@pytest.mark.parametrize("refusal", ["engine_busy", "outcome_unknown"])
async def test_what_was_refused_or_is_unknown_changes_nothing(talker, refusal):
    await change(talker, enabled=True, refusal=refusal)
    assert not await is_renewed(talker)
    await change(talker, enabled=True)
    await change(talker, enabled=False, refusal=refusal)
    assert await is_renewed(talker)
    await talker.entry.close()


async def test_an_answer_that_comes_after_the_socket_went_begins_nothing(talker):
    await talker.say("cancel_on_disconnect")
    ((command,), then) = talker.gateway.sent[-1]
    await talker.entry.close()
    then([outcome(command, 1, [CancelAfterSet(7, 9_000_000)])])
    assert not await is_renewed(talker)
