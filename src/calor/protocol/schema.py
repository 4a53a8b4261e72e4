"""The protocol's JSON Schema, so that an editor completes and checks it while it is written."""

from __future__ import annotations

from typing import Any

from calor.protocol.protocol import Protocol


def protocol_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of `protocol.toml`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Protocol.model_json_schema(),
        "title": "Calor protocol",
    }
