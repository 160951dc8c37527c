"""Where Chromium is; as a program: installs one where there is none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from playwright.sync_api import Playwright, sync_playwright

INSTALL_LINE: Final = ".venv/bin/python -m playwright install --with-deps chromium"
NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
OF_THE_SYSTEM: Final = ("apt-get update", "apt-get install --yes --no-install-recommends chromium")


def find(playwright: Playwright) -> str | None:
    """Playwright's own, else the system's."""
    own = playwright.chromium.executable_path
    return own if Path(own).exists() else next(filter(None, map(shutil.which, NAMES)), None)


def is_there() -> bool:
    with sync_playwright() as playwright:
        return find(playwright) is not None


def ensure() -> int:
    """0 when there is one in the end; else 1, and says by which line it is installed."""
    if is_there():
        return 0
    print(f"Chromium is not there yet: {INSTALL_LINE}", flush=True)
    done = subprocess.run([sys.executable, *INSTALL_LINE.split()[1:]])
    if done.returncode and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Playwright's own cannot be had here; the system's: {OF_THE_SYSTEM[-1]}", flush=True)
        for line in OF_THE_SYSTEM:
            subprocess.run(line.split(), env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    if is_there():
        return 0
    print(f"Chromium could not be installed. The tests of the pages need it; install it by:\n  {INSTALL_LINE}")
    return 1


if __name__ == "__main__":
    sys.exit(ensure())
