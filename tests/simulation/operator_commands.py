"""The part of the stream of commands that operators send. Functions take the `CommandStream`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation import risk_commands, world
from trading.core.instruments import InstrumentParameters
from trading.engine import commands
from trading.engine.commands import ExternalCommand

if TYPE_CHECKING:
    from tests.simulation.commands import CommandStream

SECOND_NS = 10**9


def configure(stream: CommandStream) -> ExternalCommand:
    """What operators do: states, limits, parameters now and later."""
    instrument_id, account_id = stream.instrument(), stream.account()
    match stream.random.randrange(8):
        case 0:
            expected = expected_state(stream, stream.view.instruments[instrument_id].own_state)
            return commands.SetInstrumentState(b"", 0, instrument_id, stream.random.randint(1, 5), expected)
        case 1 | 2:
            expected = expected_state(stream, stream.view.accounts[account_id].state)
            return commands.SetAccountState(b"", 0, account_id, stream.random.randint(1, 4), expected)
        case 3:
            return commands.SetAccountLimits(b"", 0, account_id, stream.random.choice((0, 1, 3, 6)))
        case 4:
            later_ns = stream.clock_ns + stream.random.randrange(30 * SECOND_NS)
            changed = parameters(stream, instrument_id)
            return commands.SetInstrumentParameters(b"", 0, instrument_id, changed, later_ns)
        case 5:
            changed = parameters(stream, instrument_id)
            return commands.SetInstrumentParameters(b"", 0, instrument_id, changed)
        case 6:
            listed = world.TERMS[instrument_id]._replace(
                instrument_id=stream.random.randint(2, 9), symbol=stream.random.choice(("A-PERP", "B-PERP"))
            )
            return commands.ListInstrument(b"", 0, listed, world.PARAMETERS[instrument_id])
        case _:
            return commands.OpenAccount(b"", 0, account_id, stream.random.choice((1, account_id)))


def expected_state(stream: CommandStream, present: int) -> int:
    """Any, the present one, or one that was perhaps before."""
    return stream.random.choice((0, 0, present, present, stream.random.randint(1, 4)))


def parameters(stream: CommandStream, instrument_id: int) -> InstrumentParameters:
    """A newer version of the instrument's first parameters, somewhat changed."""
    first = world.PARAMETERS[instrument_id]
    newest = stream.view.instruments[instrument_id].newest_version
    bracket = first.brackets[0]
    return first._replace(
        version=newest + stream.random.choice((0, 1, 1, 1, 2)),
        maker_fee_ppb=stream.random.choice((first.maker_fee_ppb, -100_003, 0, 150_001)),
        taker_fee_ppb=stream.random.choice((first.taker_fee_ppb, 400_001)),
        price_band_ppb=stream.random.choice((first.price_band_ppb, 60_000_000)),
        position_limit_units=stream.random.choice((first.position_limit_units, 900_000)),
        maximum_open_orders=stream.random.choice((first.maximum_open_orders, 12)),
        default_leverage=stream.random.choice((first.default_leverage, 8)),
        brackets=stream.random.choice((first.brackets, (bracket,))),
        risk=risk_commands.parameters(stream, first.risk),
    )
