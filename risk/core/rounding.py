"""Quotients of integers, each rounded the way its name says. Denominators are positive."""

from __future__ import annotations


def half_even(numerator: int, denominator: int) -> int:
    """The nearest integer; of two equally near ones the even one."""
    quotient, remainder = divmod(numerator, denominator)
    if 2 * remainder > denominator or (2 * remainder == denominator and quotient % 2):
        quotient += 1
    return quotient


def ceiling(numerator: int, denominator: int) -> int:
    """Towards plus infinity."""
    return -(-numerator // denominator)


def towards_zero(numerator: int, denominator: int) -> int:
    return numerator // denominator if numerator >= 0 else -(-numerator // denominator)
