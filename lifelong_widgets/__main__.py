"""``python -m lifelong_widgets`` is ``lifelong-widgets``."""

from __future__ import annotations

import sys

from lifelong_widgets.cli import main

sys.exit(main())
