"""Fast clicks, a reload, two pages, a dead kernel: in a real JupyterLab, with a journal as the witness."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from lifelong_widgets.journal import Journal
from tests.widgets.lab import PATIENCE, LabServer, Notebook

pytestmark = pytest.mark.browser

SHOP = """
import os
import lifelong_widgets as lw
shelf = lw.Catalog.from_records([
    {"item": n, "title": f"Book {n}", "categories": ["Sea", "Crime", "Garden"][n % 3]} for n in range(400)
])
rec = lw.Recommender.open("shop.lw", shelf, embedding_dim=8, progress=False)
widget = lw.RecommendationList(rec)
print("kernel", os.getpid())
widget
"""
BURST = """
async ([n, every, within]) => {
    // Whichever card is in the way, as a quick hand would; late ticks are made up for, so the rate holds.
    const start = performance.now();
    const said = (window.said = new Set());
    window.listening = setInterval(() => said.add(document.querySelector(".llw-status").textContent), 20);
    for (let i = 0; i < n; i++) {
        while (performance.now() < start + i * every) await new Promise((next) => setTimeout(next, 1));
        const views = document.querySelectorAll(".llw-list");
        const cards = views[i % Math.min(within, views.length)].querySelectorAll(".llw-card");
        cards[(7 * i) % cards.length].querySelector("[data-kind=view]").click();
    }
    return { rate: 1000 * n / (performance.now() - start) };
}
"""


class Shop:
    """Two lists on one recommender with a journal, in a page; and the journal itself."""

    def __init__(self, lab: LabServer, context: BrowserContext) -> None:
        self.folder = lab.notebooks / "shop.lw"
        self.notebook = Notebook(
            context, lab.write("shop.ipynb", [SHOP, "lw.RecommendationList(widget.session)"])
        )
        self.page = self.notebook.page
        self.run()

    def run(self) -> None:
        """Run the cells: at first, and when there is a new kernel."""
        self.notebook.run_all()
        self.page.wait_for_function("document.querySelectorAll('.llw-list:not([data-llw-off])').length === 2")
        shows(self.page, 0)

    def learned(self) -> list[str | None]:
        """The ids of the clicks that the journal has, in order."""
        journal = Journal.open(self.folder, read_only=True)
        try:
            return [entry.feedback.id for entry in journal.entries() if entry.feedback is not None]
        finally:
            journal.close()

    def all_learned(self) -> list[str | None]:
        """The same, once the kernel has learned all that has reached it."""
        known = self.learned()
        while True:
            self.page.wait_for_timeout(500)
            now = self.learned()
            if now == known:
                return now
            known = now

    def pid(self) -> int:
        text = self.page.locator(".jp-OutputArea-output", has_text="kernel").first.inner_text()
        return int(text.split()[-1])


@pytest.fixture(scope="module")
def shop(lab: LabServer, browser: Browser) -> Iterator[Shop]:
    """One page for all tests here: each goes on where the one before has left it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Shop(lab, context)
    context.close()
    lab.end_sessions()


@pytest.fixture
def other(shop: Shop, context: BrowserContext) -> Notebook:
    """The same notebook in another browser."""
    shop.notebook.save()
    opened = Notebook(context, shop.page.url)
    opened.page.locator(".llw-card").nth(39).wait_for(state="attached")
    return opened


def clicks_learned(page: Page) -> int:
    """How many clicks the page says are learned."""
    text = page.locator(".llw-status").first.inner_text()
    return 0 if "no clicks" in text else int(text.split()[1].replace(",", ""))


def shows(page: Page, n: int) -> None:
    """Wait until the page says that `n` clicks are learned, and none is on its way."""
    for view in page.locator(".llw-status").all():
        expect(view).to_contain_text(f"learned {n:,} click" if n else "no clicks yet", timeout=PATIENCE)
    expect(page.locator("[aria-busy]")).to_have_count(0)


def is_off(page: Page) -> None:
    """Wait until the page says that it is not connected, and how to go on; nothing in it pretends to work."""
    for notice in page.locator(".llw-notice").all():
        expect(notice).to_contain_text("run the cells again", timeout=PATIENCE)
        expect(notice).to_contain_text("Everything learned is kept in shop.lw.")
    assert page.locator(".llw-list button:enabled").count() == 0
    assert page.locator("[aria-busy]").count() == 0


def titles(page: Page, view: int = 0) -> list[str]:
    return page.locator(".llw-list").nth(view).locator(".llw-title").all_text_contents()


def test_a_hundred_clicks_a_second_in_two_views_count_once_each_and_in_order(shop: Shop) -> None:
    page, opened = shop.page, shop.notebook
    before, lists, start = clicks_learned(page), opened.lists(), time.monotonic()
    burst = page.evaluate(BURST, [300, 8, 2])
    shows(page, before + 300)
    took = time.monotonic() - start
    said = page.evaluate("() => { clearInterval(window.listening); return window.said.size; }")
    print(f"{burst['rate']:.0f} clicks a second, {opened.lists() - lists} lists in {took:.1f} s")
    assert len(opened.clicks()) == 300
    assert shop.learned() == opened.clicks()
    assert opened.lists() - lists <= 2 * (20 * took + 1), "two views, at most 20 lists a second each"
    assert said >= 3, "the page stood still while clicks were learned"
    assert titles(page, 0) == titles(page, 1)


def test_a_reload_in_the_middle_doubles_nothing(shop: Shop) -> None:
    page, opened = shop.page, shop.notebook
    before = len(shop.learned())
    opened.save()
    page.evaluate("([burst, args]) => { void eval(burst)(args); }", [BURST, [1000, 8, 1]])
    page.wait_for_timeout(700)
    page.reload()
    opened.wait_for_kernel()
    page.locator(".llw-card").nth(39).wait_for(state="attached")
    learned = shop.all_learned()
    assert before < len(learned) < before + 1000
    assert learned == opened.clicks()[: len(learned)]
    shows(page, len(learned))
    page.locator(".llw-card").first.locator("[data-kind=like]").click()
    shows(page, len(learned) + 1)
    assert len(set(shop.learned())) == len(learned) + 1


def test_two_pages_on_one_kernel_show_the_same_and_each_click_counts_once(
    shop: Shop, other: Notebook
) -> None:
    pages = shop.page, other.page
    before, known = clicks_learned(shop.page), len(shop.learned())
    earlier = len(shop.notebook.clicks())
    for page in pages:  # both at once
        page.evaluate("([burst, args]) => { window.done = eval(burst)(args); }", [BURST, [60, 10, 1]])
    for page in pages:
        page.evaluate("window.done")
        page.mouse.move(0, 0)
        shows(page, before + 120)
    learned = shop.learned()[known:]
    own = shop.notebook.clicks()[earlier:], other.clicks()
    assert sorted(map(str, learned)) == sorted([*own[0], *own[1]])
    for clicks in own:
        assert [click for click in learned if click in clicks] == clicks
    expect(other.page.locator(".llw-title").first).to_have_text(titles(shop.page)[0])
    assert titles(shop.page) == titles(other.page)
    shop.page.get_by_role("button", name="Undo").first.click()
    for page in pages:
        shows(page, before + 119)
        expect(page.locator(".llw-said").first).to_contain_text("Took back: opened Book")


def test_a_kernel_that_is_killed_is_said_and_the_journal_has_everything(shop: Shop) -> None:
    page = shop.page
    clicks = clicks_learned(page) + 30
    page.evaluate(BURST, [30, 8, 1])
    shows(page, clicks)
    before, kept = titles(page), shop.all_learned()
    os.kill(shop.pid(), signal.SIGKILL)
    page.locator(".llw-card").nth(1).locator("[data-kind=like]").click()  # into the void
    is_off(page)
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()  # JupyterLab says it too
    assert shop.learned() == kept
    shop.notebook.wait_for_kernel()
    shop.run()
    assert titles(page) == before, "the model is not what it was"
    page.locator(".llw-card").first.get_by_role("button", name=re.compile("^Like")).click()
    shows(page, 1)
    assert shop.learned()[:-1] == kept


def test_a_restart_is_said_at_once_and_at_the_next_click_in_another_page(shop: Shop, other: Notebook) -> None:
    shop.page.evaluate("void jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    is_off(shop.page)
    for view in range(2):  # nobody has told this page
        like = other.page.locator(".llw-list").nth(view).locator("[data-kind=like]").first
        like.click()
    is_off(other.page)
