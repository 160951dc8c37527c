"""Where Chromium is; as a program: installs Playwright's own where there is none."""

import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Playwright, sync_playwright

INSTALL_LINE = ".venv/bin/python -m playwright install --with-deps chromium"
NAMES = ("chromium", "chromium-browser", "google-chrome")


def find(playwright: Playwright) -> str | None:
    """Playwright's own, else the system's."""
    own = playwright.chromium.executable_path
    return own if Path(own).exists() else next(filter(None, map(shutil.which, NAMES)), None)


def ensure() -> int:
    """0 when there is one in the end; else 1, and says by which line it is installed."""
    with sync_playwright() as playwright:
        if find(playwright):
            return 0
    print(f"Chromium is not there yet: {INSTALL_LINE}")
    if subprocess.run([sys.executable, *INSTALL_LINE.split()[1:]]).returncode:
        print(f"Chromium could not be installed. The tests of the pages need it; install it by:\n  {INSTALL_LINE}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(ensure())
