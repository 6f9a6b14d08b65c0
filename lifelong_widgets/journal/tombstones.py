"""What remains of somebody who is forgotten: enough to know the id again, too little to find it.

A hash with a salt of its own, and slow to compute. Ids that can be guessed one by one (numbers, names) can
still be found by trying them all, as with any hash: the journal says *that* somebody was forgotten, it does
not make it a secret from those who know the ids.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from lifelong_widgets.data.ids import Id

_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The FORGET entry of one person.

    Attributes:
        id: of the entry.
        recorded: when, seconds since 1970-01-01 UTC.
        salt: hexadecimal.
        hash: of the salt and the id, hexadecimal.
        n_events: how many events, and edges from and to them, were erased.
        first: id of the first of them (of this entry itself if there were none). Whatever was made from the
            entries between `first` and `id` knew the person: checkpoints of those ids are void.
    """

    id: int
    recorded: float
    salt: str
    hash: str
    n_events: int
    first: int

    def is_of(self, user: Id) -> bool:
        """Whether this is the tombstone of `user`. Takes some milliseconds, on purpose."""
        return hmac.compare_digest(self.hash, _hash(self.salt, user))


def tombstone_body(user: Id, n_events: int, first: int) -> dict[str, str | int]:
    """The body of the FORGET entry of `user`."""
    salt = secrets.token_hex(_SALT_BYTES)
    return {"salt": salt, "hash": _hash(salt, user), "n_events": n_events, "first": first}


def _hash(salt: str, user: Id) -> str:
    typed = f"{'s' if isinstance(user, str) else 'i'}:{user}".encode()
    # 4 MB and about 10 ms: a journal with a thousand tombstones is still asked in seconds
    return hashlib.scrypt(typed, salt=bytes.fromhex(salt), n=2**12, r=8, p=1, dklen=32).hex()
