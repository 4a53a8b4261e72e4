"""Find out whether a person takes part already, at whatever site, without keeping who she is."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass, field
from datetime import date

from calor.errors import ConductError
from calor.web.keys import derived_key


@dataclass(frozen=True)
class Person:
    """What identifies a person; printing it shows nothing, and it is never stored.

    Attributes:
        number: A number that follows the person everywhere, such as that of the health insurance; or blank.
        names: All names, in any order; or blank.
        born: Date of birth; names without it identify nobody.
    """

    number: str = field(default="", repr=False)
    names: str = field(default="", repr=False)
    born: date | None = field(default=None, repr=False)

    def digests(self, trial: str) -> list[str]:
        """Return keyed digests of the number, and of names with the date of birth, each in one way of writing.

        Capitals, accents, hyphens, spaces and the order of names make no difference; twins differ in a name.

        Raises:
            ConductError: Neither is complete.
        """
        names = sorted(_plain(word) for word in self.names.replace("-", " ").split())
        told = []
        if _plain(self.number):
            told.append(f"number {_plain(self.number)}")
        if any(names) and self.born is not None:
            told.append(f"names {' '.join(names)} {self.born.isoformat()}")
        if not told:
            fix = "Give the number, or all names and the date of birth."
            raise ConductError.must("person", "be identified", "too little", fix=fix)
        key = derived_key(f"persons of {trial}")
        return [hmac.new(key, each.encode(), hashlib.sha256).hexdigest() for each in told]


def _plain(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word).casefold()
    return "".join(letter for letter in letters if letter.isalnum())
