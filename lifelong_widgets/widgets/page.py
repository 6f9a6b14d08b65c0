"""One file that shows widgets as they are now, with no network and no kernel."""

from __future__ import annotations

import html
import json
from typing import Any

from lifelong_widgets.widgets.wording import text

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ max-width: 960px; margin: 20px auto; padding: 0 20px; font-family: system-ui, sans-serif; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #111214; color: #dcdfe4; }} }}
</style>
</head>
<body>
{places}
<script type="application/json" id="widgets">{widgets}</script>
<script type="module">
// The same drawing code as in the notebook, with the saved state in the kernel's place.
const view = (base64) => new DataView(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer);
const bytes = (_key, value) => (value?.$bytes === undefined ? value : view(value.$bytes));
const widgets = JSON.parse(document.getElementById("widgets").textContent);
for (const [place, {{ esm, css, state }}] of widgets.entries()) {{
  const saved = JSON.parse(state, bytes);
  const model = {{
    get: (name) => saved[name],
    set() {{}}, on() {{}}, off() {{}}, save_changes() {{}}, send() {{}},
  }};
  document.head.append(Object.assign(document.createElement("style"), {{ textContent: css }}));
  const url = URL.createObjectURL(new Blob([esm], {{ type: "text/javascript" }}));
  const widget = (await import(url)).default;
  const el = document.getElementById(`widget-${{place}}`);
  el.replaceChildren();
  widget.render({{ model, el, signal: new AbortController().signal }});
  for (const button of el.querySelectorAll(".llw-actions button, .llw-undo")) button.disabled = true;
}}
</script>
</body>
</html>
"""


def page(title: str, parts: list[dict[str, Any]]) -> str:
    """The page of `parts` (see `SessionWidget.page_part`), one below the other.

    >>> "<title>a &lt;b&gt;</title>" in page("a <b>", [])
    True
    """
    places = "\n".join(
        f'<div id="widget-{place}">{part["fallback"]}</div>' for place, part in enumerate(parts)
    )
    widgets = [{name: part[name] for name in ("esm", "css", "state")} for part in parts]
    # Inside a script element only "</" and "<!" could end the JSON early.
    return _PAGE.format(
        title=html.escape(text(title)), places=places, widgets=json.dumps(widgets).replace("<", "\\u003c")
    )
