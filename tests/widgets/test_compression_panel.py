"""The panel that shows what compression costs: its list, its marks, its languages, and that it lets go."""

from __future__ import annotations

import gc
import os
import time
import weakref
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from lifelong_widgets.compression import Sweep, sweep
from lifelong_widgets.data import Catalog
from lifelong_widgets.errors import DataError
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.widgets import CompressionPanel, LiveSession
from lifelong_widgets.widgets.assets import words
from tests.compression.test_copies import LOG, made
from tests.widgets.lab import Notebook
from tests.widgets.shop import HOSTILE


@pytest.fixture(scope="module")
def swept() -> tuple[Recommender, Sweep]:
    rec, _ = made()
    return rec, sweep(rec, LOG[500:560], tried=["int8", ["int4", "neighbors:2", "pq:2"]], progress=False)


def test_the_slider_picks_a_way_and_the_list_is_that_of_the_copy(swept: tuple[Recommender, Sweep]) -> None:
    rec, found = swept
    panel = CompressionPanel(rec, found, k=5)
    try:
        for place in reversed(range(len(found))):
            panel.slider.value = place
            panel.session.wait()
            assert panel.copy.plan.names() == list(found[place].methods)
            small, live = panel.copy.recommend("me", 5), rec.recommend("me", 5, reasons=False)
            for row in small:
                assert row.title in panel.table.value
            only = [row.title for row in live if row.item not in small.items]
            assert (words("en")["compression.gone"].split(":")[0] in panel.table.value) == bool(only)
            same = sum(one == other for one, other in zip(small.items, live.items, strict=True))
            assert f"{same} of 5 stand" in panel.table.value
            assert f"{found[place].report.bytes_after / 1e6:.2f} MB" in panel.caption.text
        assert not panel.caption.error and not panel.caption.busy
        assert "<table" in panel.fallback_html() and "How much smaller" in panel.fallback_html()
    finally:
        panel.close()
        panel.session.close()


def test_a_click_changes_both_lists(swept: tuple[Recommender, Sweep]) -> None:
    rec, found = swept
    session = LiveSession(rec, user="me")
    panel = CompressionPanel(session, found, k=5)
    first = panel.copy.recommend("me", 5)[0]
    session.feedback(first.item, "like").result()
    deadline = time.monotonic() + 30
    while first.title in panel.table.value and time.monotonic() < deadline:
        time.sleep(0.05)
    assert first.item not in panel.copy.recommend("me", 5).items and first.title not in panel.table.value
    session.choose_user("p3").result()
    while "p3" not in panel.table.value and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "p3" in panel.table.value
    panel.close()
    session.undo().result()
    session.close()


def test_chinese_and_what_cannot_be_shown(swept: tuple[Recommender, Sweep]) -> None:
    rec, found = swept
    panel = CompressionPanel(rec, found, locale="zh")
    assert panel.caption.title == words("zh")["compression.title"]
    assert words("zh")["compression.live"] in panel.table.value
    panel.close()
    panel.session.close()
    with pytest.raises(DataError, match="what a sweep has found"):
        CompressionPanel(rec, Sweep([], False, {}))
    with pytest.raises(DataError, match="what a sweep has found"):
        CompressionPanel(rec, "int8")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="k is 0"):
        CompressionPanel(rec, found, k=0)


def test_titles_are_text() -> None:
    rec = Recommender(
        Catalog.from_records([{"item": n, "title": HOSTILE} for n in range(4)]), embedding_dim=8
    )
    panel = CompressionPanel(rec, sweep(rec, tried=["int8"], progress=False))
    assert "<script" not in panel.table.value and "<img" not in panel.table.value
    panel.close()
    panel.session.close()


def test_a_closed_panel_is_let_go(swept: tuple[Recommender, Sweep]) -> None:
    rec, found = swept
    panel = CompressionPanel(rec, found)
    session, gone = panel.session, weakref.ref(panel)
    panel.close()
    session.close()
    del panel, session
    gc.collect()
    assert gone() is None


PANEL = """
import lifelong_widgets as lw
data = lw.datasets.load("bookshop", n_events=1_500)
rec = lw.Recommender(data.catalog, epochs=1)
rec.fit(data.interactions, progress=False)
found = lw.compression.sweep(rec, tried=["int8", ["int4", "neighbors:1", "pq:1"]], progress=False)
panel = lw.CompressionPanel(lw.LiveSession(rec, user=data.interactions[0].user), found)
panel
"""


@pytest.mark.browser
def test_the_panel_in_a_notebook(notebook: Callable[[list[str]], Notebook]) -> None:
    """The slider moves by the keyboard, has a name, and what it changes is marked in words."""
    opened = notebook([PANEL])
    page = opened.page
    rows = page.locator(".llw-compressed tbody tr")
    expect(rows).to_have_count(10)
    handle = page.locator(".llw-compression .noUi-handle")
    before = page.locator(".llw-compression .widget-readout").inner_text()
    handle.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".llw-compression .widget-readout")).not_to_have_text(before)
    expect(handle).to_have_attribute("aria-label", "Smaller")
    page.keyboard.press("End")
    expect(page.locator(".llw-compressed :is(.llw-up, .llw-down, .llw-new)").first).to_be_visible()
    for name, theme in {"JupyterLab Dark": "dark", "JupyterLab Light": "light"}.items():
        opened.theme(name)
        expect(page.locator(".llw-compression")).to_have_attribute("data-llw-theme", theme)
        page.wait_for_timeout(300)
        if folder := os.environ.get("LLW_SHOTS"):
            page.locator(".llw-compression").screenshot(path=f"{folder}/compression-{theme}.png")
        found = Axe().run(page, context=".llw-compression")
        assert found.violations_count == 0, f"{theme}: {found.generate_report()}"
