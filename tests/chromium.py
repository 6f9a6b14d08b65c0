"""The Chromium that the browser tests drive. Run as a script, this prints its path and gets it if need be."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

# Headless, and silent: without these, a new profile calls home many times at every start.
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """The path of a Chromium: the system's, or else Playwright's own; None if there is neither."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


if __name__ == "__main__":
    if not find_chromium():
        subprocess.run(
            [sys.executable, "-m", "playwright", "install", "chromium"], check=True, stdout=sys.stderr
        )
    print(find_chromium() or sys.exit("There is no Chromium, and it could not be installed."))
