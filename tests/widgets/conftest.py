"""Chromium, and a JupyterLab that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.chromium import CHROMIUM_FLAGS
from tests.widgets.lab import PATIENCE, LabServer, Notebook
from tests.widgets.stage import Stage

expect.set_options(timeout=PATIENCE)  # whatever else the machine does


# Not for the whole session: while Playwright runs, the main thread has an event loop, and others need one.
@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def stage(context: BrowserContext) -> Callable[..., Stage]:
    """Makes a page with one widget on it; its keyword arguments are those of `Stage`."""
    return lambda **options: Stage(context.new_page(), **options)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    with LabServer(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture
def notebook(
    lab: LabServer, context: BrowserContext, request: pytest.FixtureRequest
) -> Iterator[Callable[[list[str]], Notebook]]:
    """Opens a notebook of the given cells in JupyterLab and runs it; its kernel ends with the test."""

    def run(cells: list[str]) -> Notebook:
        opened = Notebook(context, lab.write(f"{request.node.name}.ipynb", cells))
        opened.run_all()
        return opened

    yield run
    lab.end_sessions()
