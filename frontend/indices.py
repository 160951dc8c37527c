"""The pages of indices: what marks are made of, venue by venue."""

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from exchange.contract.errors import ApiError
from exchange.contract.numbers import format_rate
from frontend.pages import error_page
from frontend.presenters import change_of, percent
from risk.api import index_answers, index_presenting
from risk.api.indices import present_index
from risk.core.index_price import IndexRules
from risk.selectors import latest_ticks

CURRENCY = "USDT"
FATES = {
    "used": "counts",
    "clamped_low": "counts, raised to the cap",
    "clamped_high": "counts, lowered to the cap",
    "invalid": "dropped: no valid price",
    "stale": "dropped: too old",
    "crossed": "dropped: bid above ask",
    "wide": "dropped: bid and ask too far apart",
    "frozen": "dropped: unchanged while others move",
    "outlier": "dropped: too far from the others",
}
STATUSES = {
    "firm": "firm",
    "few_sources": "too few venues",
    "disagreement": "venues disagree",
    "off_benchmark": "far from its benchmark",
    "absent": "no usable venue",
}


class VenueLine(NamedTuple):
    """`place` (from 1) gives it its colour in the chart; prices are None and the rest "–" while there are none."""

    place: int
    venue: str
    weight: str
    price: str | None
    distance: str
    age: str
    fate: str
    is_dropped: bool


class IndexLine(NamedTuple):
    asset: str
    price: str | None
    digits: int
    status: str
    is_firm: bool


@require_GET
def indices(request: HttpRequest) -> HttpResponse:
    """The list; asked for by itself it is the table alone."""
    template = "indices/_table.html" if request.headers.get("HX-Request") else "indices/list.html"
    return render(request, template, {"indices": index_lines()})


@require_GET
def page(request: HttpRequest, asset: str) -> HttpResponse:
    """One index. Asked for by itself it is what changes, alone."""
    try:
        row = present_index(asset)
    except ApiError as error:
        return error_page(request, error)
    index, rules = index_presenting.index(row), row.record().rules
    context = {
        "index": index,
        "currency": CURRENCY,
        "digits": digits_of(index.tick),
        "status": STATUSES[index.status],
        "venues": venue_lines(index),
        "rules": rule_sentences(rules),
        "others": [asset for asset in latest_ticks() if asset != index.asset],
    }
    template = "indices/_now.html" if request.headers.get("HX-Request") else "indices/page.html"
    return render(request, template, context)


def index_lines() -> list[IndexLine]:
    return [
        IndexLine(one.asset, one.price, digits_of(row.tick), STATUSES[one.status], one.status == "firm")
        for row in latest_ticks().values()
        for one in [index_presenting.index_price(row)]
    ]


def digits_of(tick: str) -> int:
    return len(tick.partition(".")[2])


def venue_lines(index: index_answers.Index) -> list[VenueLine]:
    weights = sum(one.weight for one in index.constituents)
    lines = []
    for place, one in enumerate(index.constituents, start=1):
        lines.append(
            VenueLine(
                place=place,
                venue=one.venue,
                weight=percent(str(one.weight / weights)),
                price=one.price,
                distance=change_of(one.price, index.price, places=3) or "–",
                age="–" if one.age_ms is None else age(one.age_ms),
                fate=FATES[one.fate],
                is_dropped=one.counted is None,
            )
        )
    return lines


def rule_sentences(rules: IndexRules) -> list[str]:
    """How the index is made, with the numbers in force."""
    sentences = [
        f"A venue's price is the middle of its bid and ask, capped {percent(format_rate(rules.clamp_ppb))} around the "
        "median of all; the index is their mean by weight.",
        f"What a venue said more than {seconds(rules.stale_after_ns)} ago is dropped.",
    ]
    if rules.frozen_after_ns:
        sentences.append(
            f"So is one that says the same for {seconds(rules.frozen_after_ns)} while others change their prices."
        )
    if rules.outlier_ppb:
        sentences.append(
            f"A price more than {percent(format_rate(rules.outlier_ppb))} from the median is dropped; when half "
            "of them are, the venues disagree."
        )
    sentences.append(
        f"With fewer than {rules.minimum_sources} usable venues, or when they disagree, marks stand still, nobody is "
        "liquidated, and after a while trading stops until the index is firm again."
    )
    return sentences


def age(milliseconds: int) -> str:
    whole, tenths = divmod(max(milliseconds, 0) // 100, 10)
    return f"{whole}.{tenths} s" if whole < 100 else f"{whole // 60} min"


def seconds(time_ns: int) -> str:
    return f"{time_ns / 10**9:g} s"
