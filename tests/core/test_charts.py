"""Lines that the server draws."""

from decimal import Decimal

from frontend import charts


def test_a_value_stays_until_the_next_one():
    chart = charts.steps([(0, Decimal(10)), (500, Decimal(30)), (1000, Decimal(20))], places=2)
    assert chart.line == "0.0,200.0 500.0,200.0 500.0,0.0 1000.0,0.0 1000.0,100.0"
    assert (chart.low, chart.high, chart.start, chart.end) == ("10.00", "30.00", 0, 1000)
    assert chart.zero is None


def test_the_last_value_lasts_until_now():
    chart = charts.steps([(0, Decimal(1)), (10, Decimal("1.999"))], places=2, until=20)
    assert chart.line == "0.0,200.0 500.0,200.0 500.0,0.0 1000.0,0.0"
    assert (chart.high, chart.end) == ("1.99", 20)
    assert charts.steps([(1, Decimal(1))], places=2, until=20) is None


def test_zero_is_drawn_where_the_line_crosses_it():
    chart = charts.steps([(5, Decimal("-0.01")), (7, Decimal("0.03"))], places=4)
    assert (chart.zero, chart.low, chart.high) == ("150.0", "-0.0100", "0.0300")


def test_one_value_is_no_line_and_equal_ones_are_a_flat_one():
    assert charts.steps([], places=2) is None
    assert charts.steps([(1, Decimal(1))], places=2) is None
    assert charts.steps([(1, Decimal(4)), (3, Decimal(4))], places=2).line == "0.0,0.0 1000.0,0.0 1000.0,0.0"
