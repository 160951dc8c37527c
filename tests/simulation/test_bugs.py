"""Each hand-made bug is caught by its seed, and the same seed passes without it."""

import logging

import pytest

from tests.simulation import related_bugs, risk_bugs  # noqa: F401 (they add their own to BUGS)
from tests.simulation.bugs import BUGS
from tests.simulation.commands import CommandStream
from tests.simulation.differential import Difference, Pair
from tests.simulation.simulator import Simulation
from tests.simulation.view import View

STEPS = 600
COMMANDS = 1_500
CAUGHT_BY = {
    "replies_before_the_commit": 1,
    "the_fence_is_skipped": 1,
    "a_lost_answer_makes_it_write_again": 6,
    "fees_are_rounded_for_the_customer": 1,
    "released_cost_is_rounded_for_the_customer": 3,
    "command_ids_are_forgotten_at_restart": 1,
    "valid_until_is_ignored": 1,
    "snapshots_lack_the_reduce_only_queue": 9,
    "snapshots_lack_closed_client_orders": 1,
    "the_newest_order_trades_first": 2,
    "open_losses_hold_no_margin": 1,
    "reduce_only_may_flip": 1,
    "reduce_only_is_never_trimmed": 3,
    "users_trade_with_themselves": 1,
    "a_sequence_is_skipped_after_a_refusal": 1,
    "time_may_go_back_after_a_restart": 1,
    "stops_trigger_in_a_halt": 1,
    "client_order_ids_are_free_after_the_close": 2,
    "the_open_orders_limit_is_off_by_one": 7,
    "take_profits_wait_like_stops": 1,
    "snapshots_lack_expiries": 3,
    "an_expiring_order_does_not_rest": 1,
    "trailing_stops_stay_where_they_became_active": 5,
    "a_trailing_rate_is_rounded_towards_the_price": 1,
    "hidden_lots_trade_before_they_are_shown": 3,
    "attached_orders_sleep_on": 2,
    "attached_orders_outlive_their_position": 3,
    "both_of_a_group_are_triggered": 3,
    "mass_quotes_hold_no_margin": 2,
    "mass_quotes_may_take": 3,
    "snapshots_lack_protections": 9,
    "funding_is_charged_twice": 5,
    "funding_is_rounded_for_the_customer": 4,
    "a_period_is_paid_again": 8,
    "liquidates_in_a_halt": 11,
    "liquidates_on_a_stale_price": 42,
    "the_index_forgets_who_traded": 11,
    "waiting_liquidations_are_forgotten": 80,
    "the_fee_may_go_beyond_the_equity": 2,
    "the_bankruptcy_price_is_rounded_the_wrong_way": 2,
    "orders_of_liquidations_go_beyond_bankruptcy": 2,
    "the_fund_takes_over_what_it_cannot_bear": 2,
    "the_lowest_rank_is_deleveraged_first": 2,
    "an_isolated_loss_falls_on_the_cross_margin": 2,
    "a_halt_ends_without_cancel_only": 7,
    "the_window_never_forgets": 6,
    "snapshots_lack_when_a_halt_ends": 8,
    "snapshots_lack_margin_modes": 2,
    "snapshots_lack_what_is_in_liquidation": 52,
    "expected_states_are_ignored": 9,
}
DIFFERS_BY = {  # rarer ones: a longer stream, both engines side by side
    "makers_forget_what_their_fills_before_have_cost": 1,
    "counterparts_close_more_than_they_can_bear": 3,
    "an_isolated_counterpart_pays_from_its_cross_margin": 6,
    "the_fund_covers_what_it_cannot_spare": 14,
    "the_queue_of_deleveraging_is_not_followed": 1,
    "unsettled_funding_is_lost_with_a_fill": 2,
    "the_margin_check_forgets_fees": 3,
    "protection_counts_fills_for_ever": 3,
    "renewing_a_switch_keeps_its_first_deadline": 60,
    "an_iceberg_keeps_its_place": 4,
    "the_switch_spares_orders_that_wait": 2,
    "orders_expire_a_moment_early": 2,
}


def first_difference(seed: int) -> Difference | None:
    """Where in the stream the engines first state different things, if they do."""
    view, pair = View(), Pair(is_tight=seed % 2 == 0)
    stream = CommandStream(seed=seed, view=view)
    for _ in range(COMMANDS):
        records, difference = pair.execute(*stream.next())
        if difference:
            return difference
        for record in records:
            view.fold(record)
    return None


def test_every_bug_has_a_seed():
    assert CAUGHT_BY.keys() | DIFFERS_BY.keys() == BUGS.keys()


@pytest.mark.parametrize("name", CAUGHT_BY)
def test_a_bug_is_caught(name, caplog):
    caplog.set_level(logging.CRITICAL + 1)
    with BUGS[name](), pytest.raises(AssertionError):
        Simulation(CAUGHT_BY[name]).run(STEPS)


@pytest.mark.parametrize("seed", sorted(set(CAUGHT_BY.values())))
def test_its_seed_passes_without_it(seed):
    Simulation(seed).run(STEPS)


@pytest.mark.parametrize("name", DIFFERS_BY)
def test_a_bug_makes_a_difference(name):
    with BUGS[name]():
        difference = first_difference(DIFFERS_BY[name])
    assert difference is not None
    assert not isinstance(difference.stated, AttributeError | NameError | TypeError), "the mistake is made wrongly"


@pytest.mark.parametrize("seed", sorted(set(DIFFERS_BY.values())))
def test_without_it_there_is_none(seed):
    assert not first_difference(seed)
