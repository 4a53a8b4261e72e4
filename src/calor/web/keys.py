"""The master keys, in files outside the database, and the keys derived from them for one purpose each.

CALOR_KEY_FILE names the key of the audit trail and of sessions. CALOR_ARMS_KEY_FILE, where it is set, names another
for the arms, so that the process that serves blinded people can do without it.
"""

from __future__ import annotations

import os
import secrets
import stat
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from calor.errors import ConductError

KEY_FILE, ARMS_KEY_FILE = "CALOR_KEY_FILE", "CALOR_ARMS_KEY_FILE"
ARMS_OF = "arms of "


def write_master_key(path: Path) -> None:
    """Draw a master key into a new file that only its owner may read.

    Raises:
        ConductError: The file exists.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    except FileExistsError as error:
        fix = "Keep the old key: without it no allocation can be read."
        raise ConductError.must("path", "not exist yet", path.name, fix=fix) from error
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))


def derived_key(purpose: str) -> bytes:
    """Return the 32-byte key for one purpose, such as `audit` or the arms of one trial (HKDF, RFC 5869).

    Raises:
        ConductError: No key file is named, it can be read by others, or it holds no key.
    """
    arms = os.environ.get(ARMS_KEY_FILE) if purpose.startswith(ARMS_OF) else None
    name = arms or os.environ.get(KEY_FILE)
    if not name:
        fix = "Make a key with `calor audit key FILE` and name its file."
        raise ConductError.must(KEY_FILE, "name the file of the master key", "nothing", fix=fix)
    return _derived(name, purpose)


def head_signing_key() -> Ed25519PrivateKey:
    """Return the key that signs exported heads of the audit chain."""
    return Ed25519PrivateKey.from_private_bytes(derived_key("audit head"))


def session_secret() -> str:
    """Return the secret for cookies: derived where a key file is named, else one that lasts as long as the process."""
    name = os.environ.get(KEY_FILE)
    return derived_key("sessions").hex() if name and Path(name).exists() else secrets.token_hex(32)


@lru_cache  # a trial's key file never changes
def _derived(name: str, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=b"calor", info=purpose.encode()).derive(_master_key(Path(name)))


def _master_key(path: Path) -> bytes:
    if not path.is_file():
        raise ConductError.must(KEY_FILE, "name the file of the master key", path.name, fix="Check the path.")
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConductError.must(KEY_FILE, "be readable by its owner only", path.name, fix="chmod 600 it.")
    text = path.read_text().strip()
    if len(text) != 64 or not set(text) <= set("0123456789abcdef"):
        raise ConductError.must(KEY_FILE, "hold 64 hexadecimal digits", path.name, fix="Restore the trial's own key.")
    return bytes.fromhex(text)
