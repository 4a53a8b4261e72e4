"""Arms at rest: AES-GCM, bound to the place they belong to, all of one length."""

from __future__ import annotations

import json
import secrets
import struct
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from calor.errors import ConductError
from calor.web.keys import ARMS_OF, derived_key

_NONCE, _PADDED = 12, 16


def seal_arm(arm: int, trial: str, *place: str | int) -> bytes:
    """Encrypt an arm's index for one place of one trial; every result has the same length.

    Args:
        arm: Index of the arm.
        trial: The trial's code, which also chooses the key.
        place: What the arm belongs to, as ("slot", stratum, position) or ("kit", number).
    """
    return _seal(bytes([arm]).ljust(_PADDED, b"\0"), trial, place)


def open_arm(sealed: bytes, trial: str, *place: str | int) -> int:
    """Decrypt an arm's index.

    Raises:
        ConductError: The bytes were sealed for another place or trial, with another key, or were altered.
    """
    return _open(sealed, trial, place)[0]


def open_slot(slot: Any, trial: str) -> int:
    """Decrypt the arm of a place; as `open_arm`."""
    return open_arm(slot.sealed_arm, trial, "slot", slot.stratum, slot.position)


def seal_draw(draw: tuple[float, float], trial: str, n: int) -> bytes:
    """Encrypt the two uniform draws of a trial's n-th adaptive allocation."""
    return _seal(struct.pack("<2d", *draw), trial, ("draw", n))


def open_draw(sealed: bytes, trial: str, n: int) -> tuple[float, float]:
    """Decrypt the two draws.

    Raises:
        ConductError: The bytes were sealed for another place or trial, with another key, or were altered.
    """
    first, second = struct.unpack("<2d", _open(sealed, trial, ("draw", n)))
    return first, second


def _seal(content: bytes, trial: str, place: tuple[str | int, ...]) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + _cipher(trial).encrypt(nonce, content, _bound(trial, place))


def _open(sealed: bytes, trial: str, place: tuple[str | int, ...]) -> bytes:
    sealed = bytes(sealed)
    try:
        return _cipher(trial).decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound(trial, place))
    except InvalidTag as error:
        fix = "Stop allocating, run `calor audit verify` and restore the backup with its own key."
        raise ConductError.must("sealed", "have been sealed for this place", "something else", fix=fix) from error


def _cipher(trial: str) -> AESGCM:
    return AESGCM(derived_key(ARMS_OF + trial))


def _bound(trial: str, place: tuple[str | int, ...]) -> bytes:
    return json.dumps([trial, *place]).encode()
