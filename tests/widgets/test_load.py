"""Fast clicks, a reload, two pages, a dead kernel: in a real JupyterLab, with a journal as the witness."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from lifelong_widgets.journal import Journal
from tests.widgets.lab import PATIENCE, LabServer, Notebook

pytestmark = pytest.mark.browser

SHOP = """
import os
import lifelong_widgets as lw
shelf = lw.Catalog.from_records([
    {"item": n, "title": f"Book {n}", "categories": ["Sea", "Crime", "Garden"][n % 3]} for n in range(400)
])
rec = lw.Recommender.open("NAME.lw", shelf, embedding_dim=8, progress=False)
widget = lw.RecommendationList(rec)
print("kernel", os.getpid())
widget
"""
BURST = """
async ([n, every, within]) => {
    // Whichever card is in the way, as a quick hand would; late ticks are made up for, so the rate holds.
    const start = performance.now();
    const seen = new Set();
    for (let i = 0; i < n; i++) {
        while (performance.now() < start + i * every) await new Promise((next) => setTimeout(next, 1));
        const views = document.querySelectorAll(".llw-list");
        const cards = views[i % Math.min(within, views.length)].querySelectorAll(".llw-card");
        cards[(7 * i) % cards.length].querySelector("[data-kind=view]").click();
        seen.add(document.querySelector(".llw-status").textContent);
    }
    return { rate: 1000 * n / (performance.now() - start), seen: seen.size };
}
"""


class Shop:
    """A list on a recommender with a journal, in a page; and the journal itself."""

    def __init__(
        self, lab: LabServer, notebook: Callable[[list[str]], Notebook], name: str, *more: str
    ) -> None:
        self.folder = lab.notebooks / f"{name}.lw"
        self.notebook = notebook([SHOP.replace("NAME", name), *more])
        self.page = self.notebook.page
        for view in range(1 + len(more)):
            self.page.locator(".llw-list").nth(view).locator(".llw-card").nth(19).wait_for(state="attached")

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


def shows(page: Page, n: int) -> None:
    """Wait until the page says that `n` clicks are learned, and none is on its way."""
    for view in page.locator(".llw-status").all():
        expect(view).to_contain_text(f"learned {n} click", timeout=PATIENCE)
    expect(page.locator("[aria-busy]")).to_have_count(0)


def is_off(page: Page, journal: str) -> None:
    """Wait until the page says that it is not connected, and how to go on; nothing in it pretends to work."""
    notice = page.locator(".llw-notice")
    expect(notice).to_contain_text("run the cells again", timeout=PATIENCE)
    expect(notice).to_contain_text(f"Everything learned is kept in {journal}.")
    assert page.locator(".llw-list button:enabled").count() == 0
    assert page.locator("[aria-busy]").count() == 0


def titles(page: Page, view: int = 0) -> list[str]:
    return page.locator(".llw-list").nth(view).locator(".llw-title").all_text_contents()


def test_two_pages_on_one_kernel_show_the_same_until_it_is_restarted(
    lab: LabServer, notebook: Callable[[list[str]], Notebook], context: BrowserContext
) -> None:
    shop = Shop(lab, notebook, "pages")
    shop.notebook.save()
    browser = context.browser
    assert browser is not None
    other = Notebook(browser.new_context(viewport={"width": 1280, "height": 900}), shop.page.url)
    other.page.locator(".llw-card").nth(19).wait_for(state="attached")
    for page in (shop.page, other.page):  # both at once
        page.evaluate("([burst, args]) => { window.done = eval(burst)(args); }", [BURST, [60, 10, 1]])
    for page in (shop.page, other.page):
        page.evaluate("window.done")
        page.mouse.move(0, 0)
        shows(page, 120)
    clicks = shop.notebook.clicks(), other.clicks()
    learned = shop.learned()
    assert sorted(map(str, learned)) == sorted([*clicks[0], *clicks[1]])
    for own in clicks:
        assert [click for click in learned if click in own] == own
    expect(other.page.locator(".llw-title").first).to_have_text(titles(shop.page)[0])
    assert titles(shop.page) == titles(other.page)
    shop.page.get_by_role("button", name="Undo").click()
    for page in (shop.page, other.page):
        shows(page, 119)
        expect(page.locator(".llw-said")).to_contain_text("Took back: opened Book")
    shop.page.evaluate("void jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    is_off(shop.page, "pages.lw")
    other.page.locator(".llw-card").first.get_by_role("button").first.click()  # nobody has told this page
    is_off(other.page, "pages.lw")
    other.page.context.close()


def test_a_kernel_that_is_killed_is_said_and_the_journal_has_everything(
    lab: LabServer, notebook: Callable[[list[str]], Notebook]
) -> None:
    shop = Shop(lab, notebook, "killed")
    page = shop.page
    page.evaluate(BURST, [30, 8, 1])
    shows(page, 30)
    before = titles(page)
    os.kill(shop.pid(), signal.SIGKILL)
    page.locator(".llw-card").nth(1).locator("[data-kind=like]").click()  # into the void
    is_off(page, "killed.lw")
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()  # JupyterLab says it too
    kept = shop.learned()
    assert kept == shop.notebook.clicks()[:30]
    shop.notebook.wait_for_kernel()
    shop.notebook.run_all()
    expect(page.locator(".llw-journal")).to_have_text("kept in killed.lw", timeout=PATIENCE)
    expect(page.locator(".llw-status")).to_contain_text("no clicks yet")
    assert titles(page) == before, "the model is not what it was"
    page.locator(".llw-card").first.get_by_role("button", name=re.compile("^Like")).click()
    shows(page, 1)
    assert shop.learned()[:30] == kept and len(shop.learned()) == 31
