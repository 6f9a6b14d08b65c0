"""`make demo`, as the README says it: the address that it prints opens the quickstart, which learns."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.chromium import CHROMIUM_FLAGS

REPOSITORY = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.browser


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    # After two minutes JupyterLab would save the notebook, with its outputs, where it is committed without.
    settings = tmp_path / "@jupyterlab" / "docmanager-extension" / "plugin.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"autosave": false}', encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment["JUPYTERLAB_SETTINGS_DIR"] = str(tmp_path)
    with subprocess.Popen(
        ["make", "demo", "BROWSER=none", f"PORT={port}"],
        cwd=REPOSITORY,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        said = []
        try:
            assert process.stdout
            for line in process.stdout:
                said.append(line)
                if "is running at" in line:
                    break
            printed = re.search(r"^\s+(http://127\S+)$", "".join(said), re.MULTILINE)
            assert printed, "".join(said)
            yield printed[1]
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def test_the_printed_address_opens_the_quickstart_and_a_click_teaches_it(
    address: str, chromium_path: str
) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_FLAGS)
        page = browser.new_page(viewport={"width": 1340, "height": 1000})
        page.goto(address)
        page.locator(".jp-RenderedMarkdown h1", has_text="Watch it learn you").wait_for(timeout=180_000)
        page.get_by_text("| Idle").wait_for(timeout=180_000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        cards = page.locator(".llw-card")
        cards.nth(19).wait_for(state="attached", timeout=600_000)
        before = cards.locator(".llw-title").all_text_contents()
        cards.nth(2).get_by_role("button", name=re.compile("^Like: ")).click()
        expect(page.get_by_text(re.compile(r"learned 1 click\b.* ms")).first).to_be_visible(timeout=180_000)
        assert cards.locator(".llw-title").all_text_contents() != before
        browser.close()
