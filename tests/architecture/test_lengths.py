"""Files and functions stay short enough to be read at one go."""

from statistics import median

from tests.architecture.sources import APPS, functions_of, name_of, python_files, tree_of

LONGEST_FILE = 400
LONGEST_FUNCTION = 70
LONGEST_MEDIAN = 12


def function_lengths(*folders):
    for path in python_files(*folders):
        for function in functions_of(tree_of(path)):
            yield function.end_lineno - function.lineno + 1, f"{name_of(path)}:{function.lineno} {function.name}"


def test_files_are_short():
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in python_files(*APPS, "tests")}
    assert {name: length for name, length in lengths.items() if length >= LONGEST_FILE} == {}


def test_functions_are_short():
    assert [entry for entry in function_lengths(*APPS, "tests") if entry[0] >= LONGEST_FUNCTION] == []


def test_most_functions_are_a_few_lines():
    assert median(length for length, _ in function_lengths(*APPS)) <= LONGEST_MEDIAN
