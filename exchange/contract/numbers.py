"""Numbers on the wire are decimal strings, inside they are ints that count steps (ticks, lots, ledger units, ppb).

A step is a pair (mantissa, exponent) that means mantissa × 10^exponent: a tick of 0.5 is (5, -1). Nothing is ever
rounded.
"""

import re
from typing import Any, Final

from exchange.contract.errors import ApiError

Step = tuple[int, int]

MAXIMUM_COUNT: Final = 2**63 - 1
RATE_STEP: Final[Step] = (1, -9)

_POWERS_OF_TEN: Final[tuple[int, ...]] = tuple(int("1" + "0" * power) for power in range(64))
_UNSIGNED: Final = re.compile(r"(0|[1-9][0-9]{0,18})(?:\.([0-9]{1,18}))?")


def step_from_text(text: str) -> Step:
    """The step a decimal string names: "0.50" → (5, -1), "20" → (2, 1). Refuses zero with ValueError."""
    match = _UNSIGNED.fullmatch(text)
    if match is None:
        raise ValueError(f"not a decimal string: {text!r}")
    whole, fraction = match.group(1), match.group(2) or ""
    digits = (whole + fraction).rstrip("0")
    if not digits:
        raise ValueError("a step must be above zero")
    return int(digits), len(whole) - len(digits)


def parse_scaled(
    text: Any,
    *,
    step: Step,
    field: str,
    code: str = "invalid_parameter",
    signed: bool = False,
    maximum: int = MAXIMUM_COUNT,
) -> int:
    """How many steps a decimal string is: parse_scaled("60000.5", step=(1, -1), field="price") → 600005.

    Refuses with ApiError(`code`): anything but a string of the grammar (with `signed` also a leading "-"), what is not
    a whole multiple of the step, and more than `maximum` steps either way. `field` is named in the details.
    """
    negative = signed and isinstance(text, str) and text.startswith("-")
    match = _UNSIGNED.fullmatch(text, 1 if negative else 0) if isinstance(text, str) else None
    if match is None:
        raise _refusal(code, field, "must be a decimal string such as " + ('"-1.5"' if signed else '"1.5"'))
    whole, fraction = match.groups("")
    mantissa, exponent = step
    shift = -exponent - len(fraction)
    if shift >= 0:
        count, rest = divmod(int(whole + fraction) * _POWERS_OF_TEN[shift], mantissa)
    else:
        count, rest = divmod(int(whole + fraction), mantissa * _POWERS_OF_TEN[-shift])
    if rest:
        raise _refusal(code, field, f"must be a whole multiple of {format_scaled(1, step)}")
    if count > maximum:
        raise _refusal(code, field, f"must be at most {format_scaled(maximum, step)}")
    return -count if negative else count


def format_scaled(count: int, step: Step) -> str:
    """The canonical decimal string of `count` steps: no exponent, no trailing zeros, "-" only below zero."""
    mantissa, exponent = step
    scaled = count * mantissa
    if exponent >= 0:
        return str(scaled * _POWERS_OF_TEN[exponent])
    digits = str(abs(scaled)).zfill(1 - exponent)
    fraction = digits[exponent:].rstrip("0")
    text = f"{digits[:exponent]}.{fraction}" if fraction else digits[:exponent]
    return "-" + text if scaled < 0 else text


def parse_rate_ppb(text: Any, *, field: str, signed: bool = False) -> int:
    """A rate such as "0.0005" in parts per billion: 500_000."""
    return parse_scaled(text, step=RATE_STEP, field=field, signed=signed)


def format_rate(rate_ppb: int) -> str:
    """500_000 → "0.0005"."""
    return format_scaled(rate_ppb, RATE_STEP)


def _refusal(code: str, field: str, reason: str) -> ApiError:
    return ApiError(code, f"{field} {reason}.", {"field": field})
