"""The audit chain's end, signed and written outside the database, so that a cut or an old copy shows."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils import timezone

from calor.errors import ConductError
from calor.web.audit import moment
from calor.web.keys import head_signing_key
from calor.web.models import AuditHead


@dataclass(frozen=True)
class Head:
    """How far a chain had come at an instant."""

    chain: str
    n: int
    digest: str
    at: str


def export_heads(path: Path) -> list[Head]:
    """Write the heads of all chains, signed with Ed25519, to a new file.

    Raises:
        ConductError: The file exists.
    """
    now = moment(timezone.now())
    heads = [Head(head.chain, head.n, head.digest, now) for head in AuditHead.objects.order_by("chain")]
    key = head_signing_key()
    content = json.dumps([asdict(head) for head in heads])
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    signed = {"heads": content, "signature": key.sign(content.encode()).hex(), "public_key": public}
    try:
        with path.open("x") as file:
            json.dump(signed, file)
    except FileExistsError as error:
        fix = "Name each export for its day; exports are kept."
        raise ConductError.must("path", "not exist yet", path.name, fix=fix) from error
    return heads


def read_heads(path: Path) -> list[Head]:
    """Read exported heads.

    Raises:
        ConductError: The signature is not this installation's or the file was altered.
    """
    try:
        signed = json.loads(path.read_text())
        content = signed["heads"]
        head_signing_key().public_key().verify(bytes.fromhex(signed["signature"]), content.encode())
        return [Head(**head) for head in json.loads(content)]
    except (InvalidSignature, ValueError, KeyError, TypeError) as error:
        fix = "Take the file from where it was exported to."
        raise ConductError.must("heads", "carry this installation's signature", path.name, fix=fix) from error
