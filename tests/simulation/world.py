"""The small world the random commands play in: two instruments, twelve accounts of seven users, little money.

In three more, QUIET, nobody trades but adversaries: those who have nothing hold all of the other side.
"""

from trading.core.instruments import Bracket, InstrumentParameters, InstrumentTerms, RiskParameters
from trading.core.terms import INSURANCE_FUND, PPB
from trading.engine import commands
from trading.engine.commands import ExternalCommand

SECOND_NS = 10**9
ACCOUNTS = tuple(range(1, 13))
USERS = 7
QUIET = (3, 4, 5)
INSTRUMENTS = (1, 2, *QUIET)
BASE_MARKS = {1: 1000, 2: 60} | dict.fromkeys(QUIET, 600)
RICH_ACCOUNT, POOR_ACCOUNT = 12, 11


def brackets(*steps: tuple[int, int, int]) -> tuple[Bracket, ...]:
    """A valid table from (floor, initial rate, maintenance rate)."""
    table: list[Bracket] = []
    for floor, initial, maintenance in steps:
        before = table[-1] if table else Bracket(0, initial, 0, maintenance, 0)
        initial_cum = before.initial_cum_units + floor * (initial - before.initial_rate_ppb) // PPB
        maintenance_cum = before.maintenance_cum_units + floor * (maintenance - before.maintenance_rate_ppb) // PPB
        table.append(Bracket(floor, initial, initial_cum, maintenance, maintenance_cum))
    return tuple(table)


TERMS = {
    1: InstrumentTerms(1, "BTC-PERP", "perpetual", "BTC", "USDT", "0.1", "0.001", "1", 7),
    2: InstrumentTerms(2, "ETH-PERP", "perpetual", "ETH", "USDT", "0.01", "0.01", "1", 1003),
}
TERMS |= {
    number: InstrumentTerms(number, f"Q{number}-PERP", "perpetual", f"Q{number}", "USDT", "0.01", "0.1", "1", 101)
    for number in QUIET
}
PARAMETERS = {
    1: InstrumentParameters(
        version=1,
        maker_fee_ppb=-51_111,
        taker_fee_ppb=503_333,
        price_band_ppb=100_000_000,
        protection_ppb=30_000_000,
        minimum_notional_units=14_000,
        maximum_price_ticks=3_000,
        maximum_order_lots=200,
        position_limit_units=1_200_000,
        maximum_open_orders=25,
        default_leverage=20,
        brackets=brackets(
            (0, 10_000_000, 5_000_000), (200_001, 25_000_000, 12_500_000), (600_007, 50_000_000, 25_000_000)
        ),
        risk=RiskParameters(
            mark_staleness_ns=20 * SECOND_NS,
            funding_interval_ns=5 * SECOND_NS,
            volatility_move_ppb=110_000_000,
            volatility_window_ns=2 * SECOND_NS,
            volatility_halt_ns=3 * SECOND_NS,
            volatility_cancel_only_ns=SECOND_NS,
            maximum_band_ppb=160_000_000,
            fund_limit_units=300_000,
        ),
    ),
    2: InstrumentParameters(
        version=3,
        maker_fee_ppb=200_000,
        taker_fee_ppb=700_001,
        price_band_ppb=200_000_000,
        protection_ppb=77_777_777,
        minimum_notional_units=100,
        maximum_price_ticks=200,
        maximum_order_lots=60,
        position_limit_units=2_500_000,
        maximum_open_orders=20,
        default_leverage=10,
        brackets=brackets((0, 20_000_000, 10_000_000), (500_000, 40_000_000, 30_000_000)),
        risk=RiskParameters(
            mark_staleness_ns=0,
            funding_interval_ns=3 * SECOND_NS,
            liquidation_share_ppb=300_000_007,
            liquidation_buffer_ppb=50_000_000,
            liquidation_fee_ppb=7_000_003,
            liquidation_band_ppb=80_000_000,
            fund_limit_units=2_000_000,
            fund_margin_ppb=0,
        ),
    ),
}
PARAMETERS |= dict.fromkeys(
    QUIET,
    PARAMETERS[2]._replace(
        maximum_price_ticks=2_000,
        brackets=brackets((0, 10_000_000, 5_000_000)),
        risk=PARAMETERS[2].risk._replace(fund_limit_units=0),
    ),
)


def opening() -> list[ExternalCommand]:
    """The commands that make this world."""
    made: list[ExternalCommand] = []
    for account_id in ACCOUNTS:
        made.append(commands.OpenAccount(b"", 0, account_id, (account_id - 1) % USERS + 1))
    for account_id in ACCOUNTS:
        amount = 3_000 if account_id == POOR_ACCOUNT else 40_000 + 10_000 * account_id
        made.append(commands.TransferCollateral(b"", 0, account_id, "USDT", amount, account_id))
    made += [commands.TransferCollateral(b"", 0, RICH_ACCOUNT, "USDT", 10**15 - 17_000, 50) for _ in range(10)]
    made.append(commands.TransferCollateral(b"", 0, INSURANCE_FUND, "USDT", 30_000, 51))
    for instrument_id in INSTRUMENTS:
        made.append(commands.ListInstrument(b"", 0, TERMS[instrument_id], PARAMETERS[instrument_id]))
        made.append(
            commands.UpdateMarkPrice(b"", 0, instrument_id, BASE_MARKS[instrument_id], BASE_MARKS[instrument_id])
        )
    return made
