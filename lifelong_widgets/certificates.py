"""What can be handed over as proof: that a person is forgotten, that a model is what its log implies."""

from __future__ import annotations

import datetime
import html
import json
import os
from dataclasses import asdict, dataclass

from lifelong_widgets.data import Id
from lifelong_widgets.files import replacing
from lifelong_widgets.journal import Tombstone


@dataclass(frozen=True, slots=True, repr=False)
class AuditReport:
    """Whether the model is, bit for bit, what its journal implies.

    Attributes:
        equal: whether the two hashes are the same.
        model: `Recommender.digest` of the model in use.
        replayed: that of a model made anew from the beginning of the journal.
        log: `Journal.digest`, a hash of the events themselves.
        last_event: the last entry that was replayed.
    """

    equal: bool
    model: str
    replayed: str
    log: str
    last_event: int

    def __str__(self) -> str:
        verdict = "is" if self.equal else "IS NOT"
        hash = f"{self.replayed[:16]}…"
        return f"the model {verdict} what its journal implies up to entry {self.last_event}: {hash}"

    def __repr__(self) -> str:
        return f"<AuditReport: {self}>"


@dataclass(frozen=True, slots=True, repr=False)
class Certificate:
    """What `Recommender.forget` did for one person. It names them by a salted hash only; see `is_of`.

    Attributes:
        tombstone: the id of the entry in the journal that takes the place of theirs.
        when: ISO 8601, UTC.
        salt: of the hash, hexadecimal.
        person: the hash of the salt and their id (scrypt), hexadecimal.
        n_events: how many of their events, and of the edges from and to them, were erased.
        rebuilt_from: the checkpoint that the model was rebuilt from; none of it had seen the person. 0 is the
            beginning of the journal.
        model: `Recommender.digest` of the model as it is now.
        never_seen: that of a second model, made from the beginning of the journal without the person; None if
            that was not asked for. The certificate is only given when the two are equal.
        log: `Journal.digest`, a hash of all events that remain.
        scrubbed: whether their bytes are overwritten; False while another process reads the journal, and then
            opening it again to write does it.

    Anybody who has the journal can compute both hashes again: ``Recommender.open(...).audit()``.
    """

    tombstone: int
    when: str
    salt: str
    person: str
    n_events: int
    rebuilt_from: int
    model: str
    never_seen: str | None
    log: str
    scrubbed: bool

    @property
    def proven(self) -> bool:
        """Whether the model was compared with one that never saw the person."""
        return self.never_seen == self.model

    def is_of(self, user: Id) -> bool:
        """Whether this certificate is about `user`; with pseudonyms, give `rec.known_as(user)`."""
        stone = Tombstone(self.tombstone, 0.0, self.salt, self.person, self.n_events, 0)
        return stone.is_of(user)

    def to_json(self) -> str:
        """As JSON text."""
        return json.dumps({"certificate": "forgotten", **asdict(self), "proven": self.proven}, indent=2)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the JSON text to a file."""
        with replacing(path) as aside:
            aside.write_text(self.to_json() + "\n", encoding="utf-8")

    def __str__(self) -> str:
        proof = "equal to one that never saw them" if self.proven else "not compared with one made anew"
        entries = "1 entry" if self.n_events == 1 else f"{self.n_events} entries"
        return f"forgotten: {entries} of one person; the model is {proof} ({self.model[:16]}…)"

    def __repr__(self) -> str:
        return f"<Certificate: {self}>"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.to_json())}</pre>"


def utc(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")
