from __future__ import annotations

from hypothesis import settings

# a property is true or false, however busy the machine is
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
