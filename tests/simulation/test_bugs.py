"""Each hand-made bug is caught by its seed, and the same seed passes without it."""

import logging

import pytest

from tests.simulation import related_bugs, risk_bugs  # noqa: F401 (they add their own to BUGS)
from tests.simulation.bugs import BUGS
from tests.simulation.simulator import Simulation

STEPS = 600
CAUGHT_BY = {
    "replies_before_the_commit": 1,
    "the_fence_is_skipped": 1,
    "a_lost_answer_makes_it_write_again": 3,
    "fees_are_rounded_for_the_customer": 1,
    "released_cost_is_rounded_for_the_customer": 1,
    "command_ids_are_forgotten_at_restart": 1,
    "valid_until_is_ignored": 1,
    "snapshots_lack_the_reduce_only_queue": 65,
    "snapshots_lack_closed_client_orders": 1,
    "the_newest_order_trades_first": 2,
    "the_margin_check_forgets_fees": 93,
    "open_losses_hold_no_margin": 1,
    "reduce_only_may_flip": 1,
    "reduce_only_is_never_trimmed": 4,
    "users_trade_with_themselves": 1,
    "a_sequence_is_skipped_after_a_refusal": 1,
    "time_may_go_back_after_a_restart": 1,
    "stops_trigger_in_a_halt": 1,
    "client_order_ids_are_free_after_the_close": 3,
    "the_open_orders_limit_is_off_by_one": 1,
    "take_profits_wait_like_stops": 1,
    "snapshots_lack_expiries": 3,
    "renewing_a_switch_keeps_its_first_deadline": 81,
    "the_switch_spares_orders_that_wait": 8,
    "orders_expire_a_moment_early": 15,
    "an_expiring_order_does_not_rest": 1,
    "trailing_stops_stay_where_they_became_active": 1,
    "a_trailing_rate_is_rounded_towards_the_price": 1,
    "an_iceberg_keeps_its_place": 34,
    "hidden_lots_trade_before_they_are_shown": 1,
    "attached_orders_sleep_on": 1,
    "attached_orders_outlive_their_position": 6,
    "both_of_a_group_are_triggered": 1,
    "mass_quotes_hold_no_margin": 2,
    "mass_quotes_may_take": 3,
    "protection_counts_fills_for_ever": 109,
    "snapshots_lack_protections": 65,
    "funding_is_charged_twice": 1,
    "funding_is_rounded_for_the_customer": 1,
    "a_period_is_paid_again": 7,
    "unsettled_funding_is_lost_with_a_fill": 14,
    "liquidates_in_a_halt": 22,
    "liquidates_on_a_stale_price": 43,
    "the_index_forgets_who_traded": 3,
    "waiting_liquidations_are_forgotten": 43,
    "the_fee_may_go_beyond_the_equity": 43,
    "the_bankruptcy_price_is_rounded_the_wrong_way": 1,
    "orders_of_liquidations_go_beyond_bankruptcy": 1,
    "the_fund_takes_over_what_it_cannot_bear": 3,
    "the_lowest_rank_is_deleveraged_first": 3,
    "an_isolated_loss_falls_on_the_cross_margin": 1,
    "a_halt_ends_without_cancel_only": 2,
    "the_window_never_forgets": 11,
    "snapshots_lack_when_a_halt_ends": 6,
    "snapshots_lack_margin_modes": 1,
    "snapshots_lack_what_is_in_liquidation": 184,
}


def test_every_bug_has_a_seed():
    assert CAUGHT_BY.keys() == BUGS.keys()


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_is_caught(name, caplog):
    caplog.set_level(logging.CRITICAL + 1)
    with BUGS[name](), pytest.raises(AssertionError):
        Simulation(CAUGHT_BY[name]).run(STEPS)


@pytest.mark.parametrize("seed", sorted(set(CAUGHT_BY.values())))
def test_its_seed_passes_without_it(seed):
    Simulation(seed).run(STEPS)
