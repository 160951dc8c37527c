"""The pure packages: whole numbers only, and nothing imported that could make two runs differ."""

import ast

import pytest

from tests.architecture.sources import PURE_PACKAGES, name_of, python_files, tree_of

FILES = python_files(*PURE_PACKAGES)
PURE_MODULES = tuple(package.replace("/", ".") for package in PURE_PACKAGES)
OTHER_PACKAGES = {"msgspec", "sortedcontainers"}
STANDARD_LIBRARY = {
    "abc", "base64", "binascii", "bisect", "collections", "collections.abc", "contextlib", "dataclasses", "decimal",
    "enum", "fractions", "functools", "hashlib", "heapq", "itertools", "math", "operator", "re", "types", "typing",
}  # fmt: skip
IMPURE_CALLS = {"float", "open", "print", "input", "hash", "id", "eval", "exec"}


def imported_modules(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module


def is_allowed(module):
    return (
        module in STANDARD_LIBRARY
        or module.split(".")[0] in OTHER_PACKAGES
        or module == "__future__"
        or any(f"{module}.".startswith(f"{pure}.") for pure in PURE_MODULES)
    )


def impurities(tree):
    """What in a syntax tree breaks the rules, as (line, what)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield node.lineno, f"float literal {node.value}"
        elif isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div):
            yield node.lineno, "true division"
        elif isinstance(node, ast.Name) and node.id in IMPURE_CALLS:
            yield node.lineno, node.id
        elif isinstance(node, (ast.AsyncFunctionDef, ast.Await, ast.Global)):
            yield node.lineno, type(node).__name__


def test_there_are_pure_files():
    assert len(FILES) > 20


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_pure_file(path):
    tree = tree_of(path)
    assert [module for module in imported_modules(tree) if not is_allowed(module)] == []
    assert list(impurities(tree)) == []


@pytest.mark.parametrize(
    "source", ["price = 0.5", "half = total / 2", "total /= 2", "rate = float(text)", "key = hash(order)", "await it"]
)
def test_an_impurity_would_be_found(source):
    assert list(impurities(ast.parse(source)))


@pytest.mark.parametrize("module", ["time", "datetime", "random", "os", "django.db", "trading.models", "asyncio"])
def test_an_impure_import_would_be_found(module):
    assert not is_allowed(module)
