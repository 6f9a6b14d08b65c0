"""What time it is in a log, whatever single events say."""

from __future__ import annotations

from typing import NamedTuple

BELIEVED = 30 * 86_400.0
"""By so many seconds the time of a single event may be away from that of those before it."""


class Clock(NamedTuple):
    """The latest time that events have had, which no single event can set wrong.

    A time far from where the clock stands is a claim: the device that sent it may be wrong. Until the next
    event with a time, the event is taken as one of which nobody said when it was. If the next one confirms
    the claim, the clock goes there, back as well as ahead: it believes what two in a row agree upon, so that
    two wrong ones in a row are put right by the next two. A later one confirms that time has gone on, however
    much later it is; else it must be as near as an event may be to the clock.

    Where events are more than `BELIEVED` apart throughout, the clock is one event behind.

    Attributes:
        now: in seconds; at 0 it has not begun to run, and takes any time.
        claim: a time that one event has said and none has confirmed.

    >>> clock = Clock()
    >>> for time in (1e9, 4e9, 1e9 + 60.0):
    ...     believed, clock = clock.read(time)
    ...     print(believed, clock.now)
    1000000000.0 1000000000.0
    None 1000000000.0
    1000000060.0 1000000060.0
    """

    now: float = 0.0
    claim: float | None = None

    def read(self, time: float | None) -> tuple[float | None, Clock]:
        """The time of an event as far as it is believed, None if it is not, and the clock after it."""
        if time is None:
            return None, self
        if self.now == 0.0 or abs(time - self.now) <= BELIEVED:
            return time, Clock(max(self.now, time))
        if self.claim is None:
            return None, Clock(self.now, time)
        if abs(time - self.claim) <= BELIEVED:
            return time, Clock(max(time, self.claim))
        if self.now < self.claim < time:
            return None, Clock(self.claim, time)
        return None, Clock(self.now, time)
