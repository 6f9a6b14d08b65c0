"""Names in place of people's ids, so that the ids never reach the disk."""

from __future__ import annotations

import hmac
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from lifelong_widgets.data.ids import Id, as_id
from lifelong_widgets.errors import FormatError
from lifelong_widgets.files import replacing

FILE = "pseudonyms.key"
_KEY_BYTES = 32
_FORM = re.compile(r"~([0-9a-f]{24})([0-9a-f]{8})", re.ASCII)


class Pseudonyms:
    """A keyed function from ids to names: who has the key can name a person, nobody can name them back.

    A pseudonym is ``~`` and 32 hexadecimal digits: 24 of the HMAC-SHA256 of the id's type and text, and 8
    of the HMAC of these 24. By the last 8 a pseudonym is known for one without a list of them, and so is
    returned as it is; of the strings that only look like one, one in four thousand million would be too.

    >>> names = Pseudonyms(bytes(32))
    >>> names.of("ada"), names.of(7) == names.of("7"), names.of(names.of("ada")) == names.of("ada")
    ('~d13af66b88214ea06948c27a56398e1d', False, True)
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def make(cls, folder: Path) -> Pseudonyms:
        """With a new key, kept in `folder` for its owner's eyes only; an old one that lies there is kept.

        Without its key a journal cannot be written on, so a whole key is never overwritten.

        Raises:
            LifelongWidgetsError: the system refuses.
        """
        path = folder / FILE
        if path.exists():
            with suppress(FormatError):  # half of one, which names nobody
                return cls.load(folder)
        key = secrets.token_bytes(_KEY_BYTES)
        with replacing(path) as aside:
            file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                os.write(file, key.hex().encode())
            finally:
                os.close(file)
        return cls(key)

    @classmethod
    def load(cls, folder: Path) -> Pseudonyms:
        """With the key that `make` wrote.

        Raises:
            FormatError: it is not there, or is damaged.
        """
        path = folder / FILE
        try:
            key = bytes.fromhex(path.read_text("ascii"))
        except OSError as error:
            raise FormatError(
                f"the key {path} cannot be read ({error.strerror}); without it nobody's pseudonym is known: "
                "put the file back"
            ) from None
        except ValueError:
            key = b""
        if len(key) != _KEY_BYTES:
            raise FormatError(f"the key {path} is damaged; put the file back")
        return cls(key)

    @property
    def check(self) -> str:
        """What a journal keeps to know its key by."""
        return self._digest(b"check")

    def of(self, id: Id) -> str:
        """The pseudonym of `id`; of a pseudonym, itself."""
        id = as_id(id, "user")
        if isinstance(id, str):
            parts = _FORM.fullmatch(id)
            if parts and hmac.compare_digest(self._digest(b"~" + parts[1].encode())[:8], parts[2]):
                return id
            name = self._digest(b"s:" + id.encode())[:24]
        else:
            name = self._digest(b"i:%d" % id)[:24]
        return f"~{name}{self._digest(b'~' + name.encode())[:8]}"

    def _digest(self, message: bytes) -> str:
        return hmac.digest(self._key, message, "sha256").hex()
