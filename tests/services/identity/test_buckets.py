"""Credits in Valkey, and in this process while Valkey is away: the same rules."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from exchange.identity import buckets
from exchange.identity.buckets import Bucket, charge

SLOW = 0.001  # credits a second: nothing comes back while a test runs


@pytest.fixture(params=["valkey_here", "valkey_away"])
def store(request):
    request.getfixturevalue(request.param)
    return request.param


def test_a_bucket_gives_what_it_holds_and_no_more(store):
    bucket = Bucket("rate:key:a", 3, SLOW)
    assert [charge([bucket]).remaining for _ in range(3)] == [2, 1, 0]
    refused = charge([bucket])
    assert not refused.is_taken
    assert refused.remaining == 0
    assert 990 <= refused.retry_after_seconds <= 1000  # less what the three charges took
    assert 2990 <= refused.reset_seconds <= 3000


def test_credits_come_back(store):
    bucket = Bucket("rate:key:a", 1, 1_000_000)
    assert all(charge([bucket]).is_taken for _ in range(20))


def test_a_charge_is_taken_from_all_buckets_or_from_none(store):
    wide, narrow = Bucket("rate:ip:a", 10, SLOW), Bucket("rate:key:a", 2, SLOW)
    assert charge([wide, narrow], cost=2).is_taken
    refused = charge([wide, narrow])
    assert (refused.is_taken, refused.limit) == (False, 2)
    assert charge([wide], cost=8).is_taken
    assert not charge([wide]).is_taken


def test_what_costs_nothing_passes_an_empty_bucket_but_not_a_debt(store):
    bucket = Bucket("rate:key:a", 2, SLOW)
    assert charge([bucket], cost=2).remaining == 0
    assert charge([bucket], cost=0).is_taken
    assert charge([bucket], enforce=False).remaining == -1
    assert not charge([bucket], cost=0).is_taken
    assert charge([bucket], cost=-1, enforce=False).remaining == 0
    assert charge([bucket], cost=0).is_taken


def test_credits_given_back_never_overfill(store):
    bucket = Bucket("rate:key:a", 2, SLOW)
    assert charge([bucket]).remaining == 1
    assert charge([bucket], cost=-5, enforce=False).remaining == 2
    assert not charge([bucket], cost=3).is_taken


def test_more_than_a_bucket_holds_is_never_given(store):
    assert not charge([Bucket("rate:key:a", 5, 1_000_000)], cost=6).is_taken


def test_charges_at_the_same_time_are_counted_one_by_one(store):
    bucket = Bucket("rate:key:a", 50, SLOW)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: charge([bucket]).is_taken, range(160)))
    assert sum(taken) == 50


def test_a_full_bucket_leaves_nothing_in_valkey(valkey_here, valkey_url):
    bucket = Bucket("rate:key:a", 2, SLOW)
    with redis.Redis.from_url(valkey_url) as client:
        charge([bucket])
        assert 0 < client.pttl(bucket.name) <= 1_000_000
        charge([bucket], cost=-1, enforce=False)
        assert client.dbsize() == 0


def test_valkey_is_used_again_after_a_pause(valkey_here, settings, monkeypatch):
    here, bucket = settings.VALKEY_URL, Bucket("rate:key:a", 5, SLOW)
    assert charge([bucket]).remaining == 4
    settings.VALKEY_URL = "redis://127.0.0.1:1/0"
    assert charge([bucket]).remaining == 4
    settings.VALKEY_URL = here
    assert charge([bucket]).remaining == 3  # Valkey is left alone, the bucket of this process goes on
    monkeypatch.setattr(buckets, "_valkey_away_until", 0.0)
    assert charge([bucket]).remaining == 3


def test_a_valkey_that_was_emptied_or_lost_its_scripts_goes_on(valkey_here, valkey_url):
    bucket = Bucket("rate:key:a", 5, SLOW)
    charge([bucket])
    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
        client.script_flush()
    assert charge([bucket]).remaining == 4
    assert buckets._local_full_at_us == {}
