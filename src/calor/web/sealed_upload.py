"""A file between its preview and its use: sealed in the form, so that nothing of it can be read or changed there."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken

from calor.errors import ConductError
from calor.web.keys import derived_key

_LASTS_S = 30 * 60


@dataclass(frozen=True)
class Upload:
    """What was previewed.

    Attributes:
        content: The file.
        seen: Digest of its preview.
        whose: Person, trial and page; what was sealed for others does not open.
    """

    content: bytes
    seen: str
    whose: tuple[str, ...]


def seal(upload: Upload) -> str:
    """Return an upload as text that only the server can read."""
    told = {"content": upload.content.decode("latin-1"), "seen": upload.seen, "whose": upload.whose}
    return _cipher().encrypt(zlib.compress(json.dumps(told).encode())).decode()


def opened(sealed: str, *whose: str) -> Upload:
    """Return what was sealed.

    Raises:
        ConductError: It was sealed for another, more than half an hour ago, or is nothing that was sealed here.
    """
    fix = "Nothing was written. Choose the file again."
    try:
        told = json.loads(zlib.decompress(_cipher().decrypt(sealed.encode(), ttl=_LASTS_S)))
    except InvalidToken as error:
        raise ConductError.must("file", "have been previewed within half an hour", "another", fix=fix) from error
    if tuple(told["whose"]) != whose:
        raise ConductError.must("file", "have been previewed by you", "another", fix=fix)
    return Upload(told["content"].encode("latin-1"), told["seen"], whose)


def _cipher() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(derived_key("uploads")))
