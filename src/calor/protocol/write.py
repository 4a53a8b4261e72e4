"""A protocol as `protocol.toml`: the text that reads back to the same values."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from calor.protocol.protocol import Protocol


def write_protocol(protocol: Protocol, *, comments: Sequence[str] = ()) -> str:
    """Return a protocol as TOML; what equals its default is left out.

    Args:
        protocol: The protocol.
        comments: Lines that stand above it.
    """
    content = protocol.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    head = [f"# {line}" if line else "#" for line in comments]
    return "\n".join([*head, *([""] if head else []), to_toml(content)])


def to_toml(content: Mapping[str, Any]) -> str:
    r"""Return plain values as TOML: tables as `[a]`, lists of tables as `[[a]]`, what lies deeper inline.

    >>> print(to_toml({"a": 1, "b": {"c": "x", "d": [1, 2.5]}, "e": [{"f": True}]}))
    a = 1
    <BLANKLINE>
    [b]
    c = "x"
    d = [1, 2.5]
    <BLANKLINE>
    [[e]]
    f = true
    <BLANKLINE>
    """
    return "\n".join(_table(content, "")) + "\n"


def _table(content: Mapping[str, Any], at: str) -> list[str]:
    """Write a table's own values, then its tables, then its lists of tables."""
    lines = [f"{_key(k)} = {_inline(v)}" for k, v in content.items() if not _is_table(v) and not _is_list(v)]
    for key, value in content.items():
        place = f"{at}.{_key(key)}" if at else _key(key)
        if _is_table(value):
            lines += ["", f"[{place}]", *_table(value, place)]
        elif _is_list(value):
            for row in value:
                lines += ["", f"[[{place}]]", *_table(row, place)]
    return lines


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_list(value: Any) -> bool:
    """Tell whether a value is a list of tables that is worth headings of its own."""
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else json.dumps(name)


def _inline(value: Any) -> str:
    """Write one value on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return {math.inf: "inf", -math.inf: "-inf"}.get(value, "nan")
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_inline(v)}" for k, v in value.items()) + " }"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_inline(item) for item in value) + "]"
    return json.dumps(str(value), ensure_ascii=False)
