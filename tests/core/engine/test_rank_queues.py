"""The queues of deleveraging follow every account that is touched, and know nothing of earlier prices."""

import pytest

from tests.simulation.commands import CommandStream
from tests.simulation.view import View
from trading.core.terms import INSURANCE_FUND
from trading.engine.engine import Engine
from trading.engine.rank_queues import rank_of


def ranked(state, instrument_id, side):
    """(account id, rank) of all holders, worked out anew."""
    held = [
        (account.positions[instrument_id], account)
        for account in state.accounts.values()
        if instrument_id in account.positions and account.positions[instrument_id].lots * side > 0
    ]
    return sorted(
        ((account.account_id, rank_of(account, position)) for position, account in held),
        key=lambda one: (one[0] == INSURANCE_FUND, -one[1], one[0]),
    )


@pytest.mark.parametrize("seed", range(1, 5))
def test_the_queue_is_that_of_ranking_everybody_anew(seed):
    engine, view = Engine(), View()
    stream = CommandStream(seed=seed, view=view)
    state, seen, kept = engine.state, 0, 0
    for count in range(1_200):
        command, time_ns = stream.next()
        for record in engine.execute(command, time_ns):
            view.fold(record)
        if count % 3 == 0:
            for instrument_id in state.instruments:
                for side in (1, -1):
                    kept += (instrument_id, side) in state.rank_queues.by_side
                    holders = state.rank_queues.holders(state, instrument_id, side)
                    found = [(position.account.account_id, rank) for position, rank in holders]
                    assert found == ranked(state, instrument_id, side)
                    seen += len(found)
    assert seen > 1_000
    assert kept > 100
