"""One widget's front end alone in Chromium, with a stub in the kernel's place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route

from lifelong_widgets.widgets.assets import script, style

HOST = "http://localhost"
THEMES = {
    "light": {"data-jp-theme-light": "true", "data-jp-theme-name": "JupyterLab Light"},
    "dark": {"data-jp-theme-light": "false", "data-jp-theme-name": "JupyterLab Dark"},
    "contrast": {"data-jp-theme-light": "false", "data-jp-theme-name": "JupyterLab Dark High Contrast"},
}
COLOURS = {
    "light": "background:#fff;color:#111",
    "dark": "background:#111214;color:#eee",
    "contrast": "background:#000;color:#fff",
}


class Stage:
    """A page with nothing on it but the widget. `errors` holds whatever the page complained of."""

    def __init__(self, page: Page, theme: str = "light", width: int = 490) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)
        attributes = " ".join(f'{name}="{value}"' for name, value in THEMES[theme].items())
        html = (
            f"<!doctype html><html lang=en><meta charset=utf-8><title>Stage</title>"
            f"<body {attributes} style='margin:12px;{COLOURS[theme]}'>"
            f"<main><h1>A notebook</h1><h2>A cell</h2><div id=root style='width:{width}px'></div></main>"
        )
        stub = (Path(__file__).parent / "stub_model.js").read_text(encoding="utf-8")

        def serve(route: Route) -> None:
            if route.request.url == f"{HOST}/stub_model.js":
                route.fulfill(content_type="text/javascript", body=stub)
            elif route.request.url == f"{HOST}/":
                route.fulfill(content_type="text/html", body=html)
            else:
                route.fulfill(status=404)

        page.route("**/*", serve)
        page.goto(f"{HOST}/")

    def mount(self, stem: str, state: dict[str, Any]) -> None:
        """Draws the widget `stem` with `state` as what the kernel has said so far."""
        self.page.evaluate(
            """async ([esm, css, state]) => {
                const { mount } = await import("/stub_model.js");
                Object.assign(window, await mount(esm, css, state, document.getElementById("root")));
            }""",
            [script(stem), style(stem), json.dumps(state)],
        )
        self.page.wait_for_timeout(50)

    def stop_the_clock(self) -> None:
        """From now on time passes in `page.clock.run_for` only: a slow machine is not a late one."""
        self.page.clock.install(time=0)
        self.page.clock.pause_at(1_000)

    def receive(self, message: dict[str, Any]) -> None:
        """A custom message from the kernel."""
        self.page.evaluate("message => window.model.receive(message)", message)

    def set(self, name: str, value: Any) -> None:
        """A trait that the kernel changed."""
        self.page.evaluate("([name, value]) => window.model.set(name, value)", [name, value])

    def sent(self) -> list[dict[str, Any]]:
        """The messages that the widget has sent to the kernel."""
        messages: list[dict[str, Any]] = self.page.evaluate("window.model.sent")
        return messages

    def focus(self) -> str:
        """What has the focus, in words: the card's title, and the button if it is one."""
        words: str = self.page.evaluate(
            """() => {
                const active = document.activeElement;
                const card = active?.closest(".llw-card");
                if (!card) return active?.tagName ?? "";
                const title = card.querySelector(".llw-title").textContent;
                return active === card ? title : `${title}/${active.dataset.kind}`;
            }"""
        )
        return words
