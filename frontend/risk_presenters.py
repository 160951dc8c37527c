"""Liquidations and the insurance fund in plain words."""

from typing import Final, NamedTuple

from frontend.presenters import grouped
from trading.api import risk_answers

KINDS: Final = {
    "trade_fee": "trading fee",
    "realised_pnl": "result of what it sold",
    "transfer": "money of the exchange",
    "funding": "funding",
    "liquidation_fee": "fee of a liquidation",
    "liquidation": "taken over",
    "deleveraging": "closed by deleveraging",
    "deficit_covered": "paid the rest of a deficit",
}
STEPS: Final = {
    "cancel_orders": "Orders cancelled",
    "reduce": "Closed in the order book",
    "take_over": "Taken over by the insurance fund",
    "deleverage": "Closed against others (auto-deleveraging)",
}
SIDES: Final = {"buy": "bought", "sell": "sold"}
LIGHTS: Final = {
    0: "no position",
    1: "last in line",
    2: "far back in line",
    3: "in the middle of the line",
    4: "near the front of the line",
    5: "first in line",
}


class StepLine(NamedTuple):
    """A step with its title, and what it did and why as sentences."""

    step: risk_answers.LiquidationStep
    title: str
    sentences: list[str]


def step_line(step: risk_answers.LiquidationStep, *, is_own: bool) -> StepLine:
    told = _own_sentences(step) if is_own else _strangers_sentences(step)
    return StepLine(step, STEPS[step.step], told)


def _own_sentences(step: risk_answers.LiquidationStep) -> list[str]:
    why = f"Equity was {grouped(step.equity, 2)} USDT, maintenance margin {grouped(step.maintenance_margin, 2)} USDT."
    if step.step == "cancel_orders":
        count = f"{step.cancelled_orders} open order{'' if step.cancelled_orders == 1 else 's'}"
        return [why, f"{count} went first, before anything of the position."]
    what = f"{grouped(step.filled_quantity)} of {step.symbol}"
    bankruptcy = grouped(step.bankruptcy_price)
    if step.step == "reduce":
        done = f"{what} {SIDES[step.side]} at {grouped(step.average_price, 2)} on average, of {grouped(step.quantity)}."
        limit = f"No worse price than {grouped(step.limit_price)} was allowed; at {bankruptcy} nothing would be left."
        fee = f"The fee of {grouped(step.fee, 2)} USDT went to the insurance fund."
        return [why, done, limit, fee if step.fee != "0" else "Nothing was left to pay a fee with."]
    if step.step == "take_over":
        taken = f"The book had no price good enough. The insurance fund took {what} at {bankruptcy}."
        return [why, taken, f"At the mark price that was worth {grouped(step.insurance_fund, 2)} USDT to it."]
    others = len(step.assignments)
    closed = f"The insurance fund could not bear it. {what} was closed at {bankruptcy}"
    return [why, f"{closed} against {others} position{'' if others == 1 else 's'} that stood first in line."]


def _strangers_sentences(step: risk_answers.LiquidationStep) -> list[str]:
    what = f"{grouped(step.filled_quantity)} of your position in {step.symbol}"
    return [
        "Somebody's position had to be closed, and neither the order book nor the insurance fund could take it.",
        f"Yours stood first in line: {what} was closed at {grouped(step.bankruptcy_price)}, "
        f"while the mark price was {grouped(step.mark_price)}.",
    ]


def scope_of(liquidation: risk_answers.Liquidation) -> str:
    if liquidation.role == "deleveraged":
        return "somebody else's, which deleveraged you"
    return f"your isolated position in {liquidation.symbol}" if liquidation.symbol else "your cross positions"
