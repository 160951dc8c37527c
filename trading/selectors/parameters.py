"""An instrument's latest parameters as an operator writes them."""

from exchange.contract.numbers import format_rate, format_scaled, step_from_text
from trading.core.instruments import InstrumentTerms, RiskParameters
from trading.core.listing import SETTLEMENT_STEPS, BracketText, ParametersText
from trading.core.risk_text import format_risk
from trading.models import ParametersVersion


def latest_parameters(*, terms: InstrumentTerms) -> tuple[int, ParametersText]:
    """(version, parameters) of the highest version known, in force or scheduled: what the next one is compared with."""
    row = ParametersVersion.objects.filter(instrument_id=terms.instrument_id).order_by("-version")[0]
    money = SETTLEMENT_STEPS[terms.settlement_asset]
    tick, lot = step_from_text(terms.tick), step_from_text(terms.lot)
    return row.version, ParametersText(
        maker_fee=format_rate(row.maker_fee_ppb),
        taker_fee=format_rate(row.taker_fee_ppb),
        price_band=format_rate(row.price_band_ppb),
        protection=format_rate(row.protection_ppb),
        minimum_notional=format_scaled(row.minimum_notional_units, money),
        maximum_price=format_scaled(row.maximum_price_ticks, tick),
        maximum_order_quantity=format_scaled(row.maximum_order_lots, lot),
        position_limit=format_scaled(row.position_limit_units, money),
        maximum_open_orders=row.maximum_open_orders,
        default_leverage=row.default_leverage,
        brackets=tuple(
            BracketText(format_scaled(floor_units, money), format_rate(initial_ppb), format_rate(maintenance_ppb))
            for floor_units, initial_ppb, _, maintenance_ppb, _ in row.brackets
        ),
        risk=format_risk(RiskParameters(**row.risk), money=money),
    )
