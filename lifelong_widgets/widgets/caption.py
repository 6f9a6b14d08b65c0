"""The words beside the host's own controls: a heading, a line of status, and what went wrong."""

from __future__ import annotations

import anywidget
import traitlets

from lifelong_widgets.widgets.assets import script, style


class Caption(anywidget.AnyWidget):
    """A heading with a second line. It also carries the style of the controls around it.

    `language` is what the browser made of `locale`; labels that Python writes follow it.

    >>> Caption(title="How it learns").title
    'How it learns'
    """

    _esm = script("caption")
    _css = style("caption")

    title = traitlets.Unicode().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)
    note = traitlets.Unicode(help="What stands below the heading.").tag(sync=True)
    help = traitlets.Unicode().tag(sync=True)
    busy = traitlets.Bool(False, help="The text changes often: do not read every change aloud.").tag(
        sync=True
    )
    locale = traitlets.Enum(["auto", "en", "zh"], default_value="auto").tag(sync=True)
    language = traitlets.Enum(["en", "zh"], default_value="en").tag(sync=True)
