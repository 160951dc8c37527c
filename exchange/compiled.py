"""The pure packages compiled by mypyc: built by `make compile`, used where ENGINE=compiled, else plain Python is.

The same sources give the same events either way; plain Python is the default and the oracle. The build lies in
`build/compiled` and carries a digest of its sources, so that a stale one is refused and never silently run.
"""

import fcntl
import hashlib
import importlib.machinery
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
BUILD: Final = ROOT / "build" / "compiled"
PACKAGES: Final = ("risk/core", "trading/core", "trading/engine", "trading/engine/decisions")
# Modules of msgspec structs stay interpreted (mypyc drops their tags), and with them what only encodes and decodes, and
# the named tuples inside those structs (mypyc drops their annotations, and a decoded tuple would be a list).
INTERPRETED: Final = frozenset(
    (
        "__init__.py",
        "commands.py",
        "event.py",
        "events.py",
        "ordinary.py",
        "risk_events.py",
        "replies.py",
        "wire.py",
        "answers.py",
        "listing.py",
    )
)
NAMED_TUPLES: Final = ROOT / "trading" / "core" / "instruments.py"
SUFFIX: Final = sysconfig.get_config_var("EXT_SUFFIX")

_SETUP: Final = """
import sys
from mypyc.build import mypycify
from setuptools import setup
flags = ["--explicit-package-bases", "--ignore-missing-imports"]
setup(script_args=["build_ext", "--inplace"], ext_modules=mypycify(flags + sys.argv[1:], opt_level="3"))
"""


def sources() -> list[Path]:
    """The modules that are compiled, relative to the project."""
    found = [path for package in PACKAGES for path in (ROOT / package).glob("*.py") if path.name not in INTERPRETED]
    return sorted(path.relative_to(ROOT) for path in found if path != NAMED_TUPLES)


def digest() -> str:
    """Of every pure source, of the choice of those to compile, and of the interpreter they are compiled for."""
    summary = hashlib.sha256(f"{sys.version} {SUFFIX} {sources()}".encode())
    for path in sorted(path for package in PACKAGES for path in (ROOT / package).glob("*.py")):
        summary.update(path.read_bytes())
    return summary.hexdigest()


def is_built() -> bool:
    stamp = BUILD / "digest"
    return stamp.exists() and stamp.read_text() == digest()


def build() -> None:
    """Compile into `build/compiled`; raises RuntimeError with one sentence when there is no compiler or it fails.

    Whoever comes while another process builds waits for it.
    """
    BUILD.parent.mkdir(exist_ok=True)
    with (BUILD.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_built():
            _build()


def _build() -> None:
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        raise RuntimeError(
            "No C compiler was found; install one (Debian: apt-get install gcc), or stay with plain Python."
        )
    shutil.rmtree(BUILD, ignore_errors=True)
    for package in ("risk", "trading", "exchange"):
        shutil.copytree(ROOT / package, BUILD / package, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    (BUILD / "setup.py").write_text(_SETUP)
    done = subprocess.run(
        [sys.executable, "setup.py", *map(str, sources())], cwd=BUILD, capture_output=True, text=True, check=False
    )
    if done.returncode:
        (BUILD / "log").write_text(done.stdout + done.stderr)
        raise RuntimeError(f"mypyc failed; its output is in {BUILD / 'log'}.")
    (BUILD / "digest").write_text(digest())


class _CompiledFinder:
    """Finds the compiled modules before the plain ones; everything else goes the usual way."""

    def __init__(self) -> None:
        shared = {path.name.removesuffix(SUFFIX): path for path in BUILD.glob(f"*{SUFFIX}")}
        modules = {".".join(path.with_suffix("").parts): (BUILD / path).with_suffix(SUFFIX) for path in sources()}
        self.paths = shared | modules

    def find_spec(self, name, path=None, target=None):
        file = self.paths.get(name)
        if file is None:
            return None
        loader = importlib.machinery.ExtensionFileLoader(name, str(file))
        return importlib.util.spec_from_file_location(name, file, loader=loader)


def use() -> None:
    """From here on import the compiled modules; raises RuntimeError when they are missing or stale."""
    if not is_built():
        raise RuntimeError("ENGINE=compiled, but there is no build of the present sources: run `make compile` first.")
    sys.meta_path.insert(0, _CompiledFinder())


def use_if_asked() -> None:
    """Follow the environment: ENGINE=compiled or python (the default)."""
    engine = os.environ.get("ENGINE", "python")
    if engine not in ("python", "compiled"):
        raise RuntimeError(f"ENGINE is {engine!r}; it can be `python` or `compiled`.")
    if engine == "compiled":
        use()


if __name__ == "__main__":
    try:
        build()
    except RuntimeError as error:
        sys.exit(str(error))
