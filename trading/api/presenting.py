"""What the engine and the read models say, as answers: ints into text. Only averages and ratios are computed."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from exchange.contract.errors import CATALOGUE, ApiError
from exchange.contract.numbers import RATE_STEP, format_scaled
from exchange.identity.models import Account as OwnAccount
from trading.api import answers, preview_answers, quote_answers
from trading.api.fields import MarginMode
from trading.api.scales import MARGIN_ASSET, MARGIN_STEP, Scale
from trading.core import terms
from trading.core.listing import SETTLEMENT_STEPS
from trading.engine.commands import MassQuote
from trading.engine.events import MarketMakerProtectionSet, TradeExecuted
from trading.engine.replies import AccountView, OrderPreview, OrderView, PositionView
from trading.models import Transfer as TransferRow
from trading.selectors.accounts import FillView, LedgerLine

NS_PER_MS: Final = 1_000_000


def _words(codes: Mapping[str, int]) -> dict[int, str]:
    return {code: word for word, code in codes.items()}


SIDES: Final = _words(terms.SIDES)
_ORDER_TYPES: Final = _words(terms.ORDER_TYPES)
_TIMES_IN_FORCE: Final = _words(terms.TIMES_IN_FORCE)
_TRIGGERS_BY: Final = _words(terms.TRIGGERS_BY)
_SELF_TRADE_PREVENTIONS: Final = _words(terms.SELF_TRADE_PREVENTIONS)
_ORDER_STATUSES: Final = _words(terms.ORDER_STATUSES)
_CANCEL_REASONS: Final = _words(terms.CANCEL_REASONS)
_ACCOUNT_STATES: Final = _words(terms.ACCOUNT_STATES)
INSTRUMENT_STATES: Final = _words(terms.INSTRUMENT_STATES)
_OF_TRADES: Final = ("trade_fee", "realised_pnl")
_OF_LIQUIDATIONS: Final = ("liquidation_fee", "liquidation", "deleveraging", "deficit_covered")


def milliseconds(time_ns: int) -> int:
    return time_ns // NS_PER_MS


def moment(time: datetime) -> int:
    return int(time.timestamp() * 1000)


def price(ticks: int, scale: Scale) -> str | None:
    """None for 0 ticks: no price."""
    return format_scaled(ticks, scale.price) if ticks else None


def quantity(lots: int, scale: Scale) -> str:
    return format_scaled(lots, scale.quantity)


def money(units: int, scale: Scale) -> str:
    return format_scaled(units, scale.money)


def average_price(tick_lots: int, lots: int, scale: Scale) -> str | None:
    """price * lots summed over fills, by lots: rounded half to even at a hundredth of the tick. None without fills."""
    if lots == 0:
        return None
    return format_scaled(_divide_half_even(100 * tick_lots, lots), scale.average_price)


def order(view: OrderView, *, scale: Scale) -> answers.Order:
    return answers.Order(**_order_fields(view, scale))


def order_result(
    view: OrderView,
    *,
    fills: list[answers.Fill],
    attached_order_ids: list[int],
    is_repeated: bool = False,
    scale: Scale,
) -> answers.OrderResult:
    """The order after a command, with the fills and attached orders that came of it."""
    return answers.OrderResult(
        **_order_fields(view, scale), fills=fills, attached_order_ids=attached_order_ids, repeated=is_repeated
    )


def _order_fields(view: OrderView, scale: Scale) -> dict[str, Any]:
    filled_tick_lots = view.filled_value_units // scale.value_units
    return {
        "id": view.order_id,
        "client_order_id": view.client_order_id or None,
        "symbol": scale.symbol,
        "side": SIDES[view.side],
        "type": _ORDER_TYPES[view.order_type],
        "time_in_force": _TIMES_IN_FORCE[view.time_in_force],
        "expires_at": milliseconds(view.expires_at_ns) if view.expires_at_ns else None,
        "status": _ORDER_STATUSES[view.status],
        "cancel_reason": _CANCEL_REASONS[view.cancel_reason] if view.cancel_reason else None,
        "reject_code": view.reject_code or None,
        "quantity": quantity(view.quantity_lots, scale),
        "price": price(view.price_ticks, scale),
        "trigger_price": price(view.trigger_price_ticks, scale),
        "trigger_by": _TRIGGERS_BY[view.trigger_by] if view.trigger_by else None,
        "trailing_distance": price(view.trailing_distance_ticks, scale),
        "trailing_rate": format_scaled(view.trailing_rate_ppb, RATE_STEP) if view.trailing_rate_ppb else None,
        "activation_price": price(view.activation_price_ticks, scale),
        "post_only": view.post_only,
        "reduce_only": view.reduce_only,
        "self_trade_prevention": _SELF_TRADE_PREVENTIONS[view.self_trade_prevention],
        "display_quantity": quantity(view.display_lots, scale) if view.display_lots else None,
        "parent_order_id": view.parent_order_id or None,
        "group_id": view.group_id or None,
        "is_quote": view.is_quote,
        "filled_quantity": quantity(view.filled_lots, scale),
        "cancelled_quantity": quantity(view.cancelled_lots, scale),
        "average_price": average_price(filled_tick_lots, view.filled_lots, scale),
        "created_at": milliseconds(view.created_at_ns),
        "updated_at": milliseconds(view.updated_at_ns),
        "sequence": view.sequence,
    }


def quotes(
    command: MassQuote,
    ids: Mapping[tuple[int, int], int],
    *,
    cancelled: list[int],
    sequence: int,
    scale: Scale,
) -> quote_answers.Quotes:
    """`ids` are those of the quotes given, by (side, price_ticks)."""
    standing = [
        quote_answers.StandingQuote(
            id=ids.get((quote.side, quote.price_ticks)),
            side=SIDES[quote.side],
            price=format_scaled(quote.price_ticks, scale.price),
            quantity=quantity(quote.quantity_lots, scale),
        )
        for quote in command.quotes
    ]
    return quote_answers.Quotes(symbol=scale.symbol, quotes=standing, cancelled=cancelled, sequence=sequence)


def market_maker_protection(
    event: MarketMakerProtectionSet, *, sequence: int, scale: Scale
) -> quote_answers.MarketMakerProtectionState:
    return quote_answers.MarketMakerProtectionState(
        symbol=scale.symbol,
        window_ms=milliseconds(event.window_ns),
        quantity_limit=quantity(event.quantity_lots, scale),
        delta_limit=quantity(event.delta_lots, scale),
        freeze_ms=milliseconds(event.freeze_ns),
        sequence=sequence,
    )


def taker_fill(trade: TradeExecuted, *, side: int, sequence: int, time_ns: int, scale: Scale) -> answers.Fill:
    return answers.Fill(
        id=trade.trade_id,
        order_id=trade.taker_order_id,
        symbol=scale.symbol,
        side=SIDES[side],
        role="taker",
        price=format_scaled(trade.price_ticks, scale.price),
        quantity=quantity(trade.quantity_lots, scale),
        fee=money(trade.taker_fee_units, scale),
        fee_asset=scale.asset,
        realised_pnl=money(trade.taker_realised_pnl_units, scale),
        time=milliseconds(time_ns),
        sequence=sequence,
    )


def fill(row: FillView, *, scale: Scale) -> answers.Fill:
    return answers.Fill(
        id=row.trade_id,
        order_id=row.order_id,
        symbol=scale.symbol,
        side=SIDES[row.side],
        role="taker" if row.is_taker else "maker",
        price=format_scaled(row.price_ticks, scale.price),
        quantity=quantity(row.quantity_lots, scale),
        fee=money(row.fee_units, scale),
        fee_asset=scale.asset,
        realised_pnl=money(row.realised_pnl_units, scale),
        time=milliseconds(row.time_ns),
        sequence=row.sequence,
    )


def account(view: AccountView, *, scale_by_id: Callable[[int], Scale]) -> answers.Account:
    """`scale_by_id` is that of any instrument the account holds."""
    collateral = view.collateral_units
    return answers.Account(
        id=view.account_id,
        state=_ACCOUNT_STATES[view.state],
        collateral=_margin(collateral.get(MARGIN_ASSET, 0)),
        equity=_margin(view.equity_units),
        unrealised_pnl=_margin(sum(position.unrealised_pnl_units for position in view.positions)),
        initial_margin=_margin(view.initial_margin_units),
        maintenance_margin=_margin(view.maintenance_margin_units),
        available=_available(view),
        margin_ratio=_margin_ratio(view),
        assets=[
            answers.AssetBalance(asset=asset, collateral=format_scaled(units, SETTLEMENT_STEPS[asset]))
            for asset, units in sorted(collateral.items())
        ],
        isolated_margin=_margin(view.isolated_units),
        liquidating=[scale_by_id(scope).symbol if scope else "cross" for scope in view.liquidations],
        sequence=view.sequence,
    )


def previewed_order(
    preview: OrderPreview, *, scale: Scale, scale_by_id: Callable[[int], Scale]
) -> preview_answers.PreviewedOrder:
    """`scale` is that of the order's instrument, `scale_by_id` that of any the account holds."""
    return preview_answers.PreviewedOrder(
        accepted=not preview.code,
        error=error_body_of(preview.code),
        filled_quantity=quantity(preview.filled_lots, scale),
        average_price=average_price(preview.filled_value_units // scale.value_units, preview.filled_lots, scale),
        fee=money(preview.fee_units, scale),
        resting_quantity=quantity(preview.resting_lots, scale),
        account=account_after(preview.account, scale_by_id=scale_by_id),
    )


def account_after(view: AccountView, *, scale_by_id: Callable[[int], Scale]) -> preview_answers.AccountAfter:
    """The account of a preview."""
    return preview_answers.AccountAfter(
        equity=_margin(view.equity_units),
        initial_margin=_margin(view.initial_margin_units),
        maintenance_margin=_margin(view.maintenance_margin_units),
        available=_available(view),
        margin_ratio=_margin_ratio(view),
        positions=[position(held, scale=scale_by_id(held.instrument_id)) for held in view.positions],
    )


def position(view: PositionView, *, scale: Scale, light: int | None = None) -> answers.Position:
    """`light` as in the answer: None where nobody measured."""
    return answers.Position(
        symbol=scale.symbol,
        size=quantity(view.position_lots, scale),
        entry_price=average_price(abs(view.entry_value_units) // scale.value_units, abs(view.position_lots), scale),
        mark_price=price(view.mark_price_ticks, scale),
        unrealised_pnl=money(view.unrealised_pnl_units, scale),
        liquidation_price=price(view.liquidation_price_ticks, scale),
        bankruptcy_price=price(view.bankruptcy_price_ticks, scale),
        initial_margin=money(view.initial_margin_units, scale),
        maintenance_margin=money(view.maintenance_margin_units, scale),
        leverage=view.leverage,
        margin_mode=margin_mode(view.is_isolated),
        isolated_margin=money(view.isolated_units, scale),
        owed_funding=money(view.owed_funding_units, scale),
        deleveraging_light=light,
    )


def margin_mode(is_isolated: bool) -> MarginMode:
    return "isolated" if is_isolated else "cross"


def account_summary(row: OwnAccount) -> answers.AccountSummary:
    return answers.AccountSummary(id=row.id, name=row.name, created_at=moment(row.created_at))


def ledger_entry(row: LedgerLine, *, scale_by_id: Callable[[int], Scale]) -> answers.LedgerEntry:
    step, reference_id = SETTLEMENT_STEPS[row.asset], row.reference_id
    return answers.LedgerEntry(
        id=row.posting_id,
        kind=row.kind,
        asset=row.asset,
        amount=format_scaled(row.amount_units, step),
        balance=format_scaled(row.balance_units, step),
        trade_id=reference_id if row.kind in _OF_TRADES else None,
        transfer_id=reference_id if row.kind == "transfer" else None,
        liquidation_id=reference_id if row.kind in _OF_LIQUIDATIONS else None,
        symbol=scale_by_id(reference_id).symbol if row.kind == "funding" else None,
        time=milliseconds(row.time_ns),
        sequence=row.sequence,
    )


def transfer(row: TransferRow) -> answers.Transfer:
    return answers.Transfer(
        id=row.id,
        asset=row.asset,
        amount=format_scaled(abs(row.amount_units), SETTLEMENT_STEPS[row.asset]),
        direction="to_margin" if row.amount_units > 0 else "to_funding",
        idempotency_key=row.idempotency_key,
        sequence=row.sequence,
    )


def error_body(error: ApiError) -> answers.ErrorBody:
    return answers.ErrorBody(code=error.code, message=error.message, details=error.details)


def error_body_of(code: str) -> answers.ErrorBody | None:
    """The error a code of the engine stands for; None for ""."""
    return answers.ErrorBody(code=code, message=CATALOGUE[code].message, details={}) if code else None


def _margin(units: int) -> str:
    return format_scaled(units, MARGIN_STEP)


def _available(view: AccountView) -> str:
    return _margin(max(0, view.equity_units - view.initial_margin_units))


def _margin_ratio(view: AccountView) -> str | None:
    """Maintenance margin / equity, rounded up at 10^-9; None while equity is not above zero."""
    if view.equity_units <= 0:
        return None
    return format_scaled(-(-view.maintenance_margin_units * terms.PPB // view.equity_units), RATE_STEP)


def _divide_half_even(dividend: int, divisor: int) -> int:
    quotient, rest = divmod(dividend, divisor)
    return quotient + (2 * rest > divisor or (2 * rest == divisor and quotient % 2))
