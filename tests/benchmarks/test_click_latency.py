"""From a click to the repainted list, beside the least that a widget can cost."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.chromium import CHROMIUM_FLAGS
from tests.widgets.lab import LabServer, Notebook

pytestmark = [pytest.mark.browser, pytest.mark.benchmark]

CLICKS = 15
EMPTY = '''
import anywidget

class Empty(anywidget.AnyWidget):
    """A button, a message there, a message back, a number on the screen."""
    _esm = """
    export default { render({ model, el }) {
      const button = document.createElement("button");
      Object.assign(button, { id: "empty", textContent: "0" });
      let since = 0;
      button.onclick = () => {
        since = performance.now();
        model.send({ n: Number(button.textContent) + 1 });
      };
      model.on("msg:custom", ({ n }) => {
        button.textContent = n;
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => { button.dataset.llwPainted = (performance.now() - since).toFixed(1); };
          port2.postMessage(null);
        });
      });
      el.append(button);
    } };
    """
    def __init__(self):
        super().__init__()
        self.on_msg(lambda widget, message, buffers: self.send(message))

Empty()
'''
MOVIES = """
import lifelong_widgets as lw
data = lw.datasets.load("movielens-100k")
rec = lw.Recommender(data.catalog, epochs=1)
rec.fit(data.interactions[:5000], progress=False)
lw.RecommendationList(rec, user="me", k=20)
"""
CLICK = """
async ([button, painted]) => {
  const mark = document.querySelector(painted);
  delete mark.dataset.llwPainted;
  document.querySelectorAll(button)[0].click();
  while (!mark.dataset.llwPainted) await new Promise((next) => setTimeout(next, 5));
  await new Promise((next) => setTimeout(next, 400));  // the cards have arrived, the kernel is idle
  return Number(mark.dataset.llwPainted);
}
"""


def milliseconds(page: Page, button: str, painted: str) -> float:
    """How long one click took, measured in the page: from the event until the answer is painted."""
    took: float = page.evaluate(CLICK, [button, painted])
    return took


def test_a_click_is_painted_within_three_empty_round_trips(chromium_path: str, tmp_path: Path) -> None:
    with LabServer(tmp_path) as lab, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_FLAGS)
        page = (opened := Notebook(browser.new_context(), lab.write("click.ipynb", [EMPTY, MOVIES]))).page
        opened.run_all()
        page.locator(".llw-card").nth(19).wait_for(state="attached")
        assert page.locator(".llw-card").count() == 20
        third = ".llw-card:nth-child(3) [data-kind=like]"
        empty, full = [], []
        for _ in range(CLICKS):  # in turns, so that whatever else the machine does is shared
            empty.append(milliseconds(page, "#empty", "#empty"))
            full.append(milliseconds(page, third, ".llw-list"))
        clicks = page.locator(".llw-status").inner_text()
        browser.close()
    assert f"learned {CLICKS} clicks" in clicks
    ratio = statistics.median(full) / statistics.median(empty)
    print(
        f"empty {statistics.median(empty):.1f} ms, click {statistics.median(full):.1f} ms, {ratio:.2f} times"
    )
    assert ratio <= 3, f"p50 of {statistics.median(full):.1f} ms against {statistics.median(empty):.1f} ms"
