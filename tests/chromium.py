"""The Chromium that the browser tests drive. Run as a script, this prints its path and gets it if need be."""

from __future__ import annotations

import os
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


def get_chromium() -> None:
    """Install what is missing: Debian's packages where we may, otherwise Playwright's build of Chromium."""
    if shutil.which("apt-get") and os.geteuid() == 0:
        # Playwright's driver links to libatomic; without the font, titles in Chinese are boxes.
        wanted = ["libatomic1", "fonts-wqy-microhei"]
        if not shutil.which("chromium"):
            wanted.append("chromium")
        if missing := [package for package in wanted if not _is_installed(package)]:
            _run("apt-get", "update")
            _run("apt-get", "install", "--yes", "--no-install-recommends", *missing)
    elif not find_chromium():
        _run(sys.executable, "-m", "playwright", "install", "chromium")


def _is_installed(package: str) -> bool:
    return subprocess.run(["dpkg", "--status", package], capture_output=True, check=False).returncode == 0


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)  # stdout is for the path alone


if __name__ == "__main__":
    get_chromium()
    print(find_chromium() or sys.exit("There is no Chromium, and it could not be installed."))
