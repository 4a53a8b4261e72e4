"""From `protocol.toml` to frozen values, or to a list of all that is wrong with it, each with its line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from calor.errors import ProtocolError
from calor.protocol.checks import problems
from calor.protocol.problem import Key, Problem
from calor.protocol.protocol import Protocol


def read_protocol(path: Path | str) -> Protocol:
    """Read and check a protocol.

    Args:
        path: The file `protocol.toml`.

    Raises:
        ProtocolError: The file is missing, is no TOML, or breaks a rule; every problem is listed with its line.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ProtocolError.must(
            "protocol.toml", "be a file that can be read", path, fix="Give the trial's folder; `calor demo` makes one."
        ) from error
    return parse_protocol(text, name=path.name)


def parse_protocol(text: str, *, name: str = "protocol.toml") -> Protocol:
    """Read and check a protocol from its text; `name` stands in messages."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"{name} must be TOML: {error}. Mend the line and run `calor protocol check`.") from error
    try:
        protocol = Protocol.model_validate(content)
    except ValidationError as error:
        raw = [e for e in error.errors(include_url=False) if not _follows(e, error)]
        found = [_from_pydantic(e) for e in raw]
        raise ProtocolError(_listing(name, text, content, found)) from error
    found = problems(protocol)
    if found:
        raise ProtocolError(_listing(name, text, content, found))
    return protocol


TAGS = {
    "continuous", "time_to_event", "adverse_events", "ancova", "dose_trend", "interaction", "events",
    "recent_infarction", "age", "alive", "drug_covered", "drug_absent", "event_absent", "latest_lab", "biomarker_gate",
    "laboratory", "laboratory_safety", "events_of_interest", "rmst", "proportional_hazards", "bayesian_rate",
    "beta_binomial", "exact_binomial",
}  # fmt: skip
"""Discriminators that pydantic puts into an error's place and that are no keys of the file."""


def _follows(error: Any, whole: ValidationError) -> bool:
    """Tell whether an error only follows from others: a list is too short once its wrong items are left out."""
    loc = error["loc"]
    return error["type"] == "too_short" and any(
        len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in whole.errors(include_url=False)
    )


def _from_pydantic(error: Any) -> Problem:
    key = tuple(part for part in error["loc"] if part not in TAGS)
    given = error.get("input")
    shown = f", got {given!r}" if isinstance(given, str | int | float | bool) else ""
    message = error["msg"].removesuffix(".")
    if error["type"] == "extra_forbidden":
        message, shown = "is no key of this table. Remove it or see `calor protocol schema`", ""
    elif error["type"] == "missing":
        message, shown = "is missing. Add it", ""
    return Problem(key, f"{message[0].lower()}{message[1:]}{shown}.")


def _listing(name: str, text: str, content: dict[str, Any], found: list[Problem]) -> str:
    count = "1 problem" if len(found) == 1 else f"{len(found)} problems"
    rows = [f"  line {line_of(text, p.key)}: {_written(p.key, content)} {p.message}" for p in found]
    return "\n".join([f"{name} has {count}:", *rows])


def _written(key: Key, content: Any) -> str:
    """Write a key as a reader finds it: `analyses[primary].estimand` rather than `analyses.0.estimand`."""
    written = ""
    for part in key:
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):
            content = None
        if isinstance(part, int):
            label = content.get("id") if isinstance(content, dict) else None
            written += f"[{label or part + 1}]"
        else:
            written += f".{part}" if written else part
    return f"`{written}`"


_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\-]+)\s*\]\]?")


def line_of(text: str, key: Key) -> int:
    r"""Return the line on which a key of a TOML text stands, or that of the nearest table around it.

    >>> line_of('[trial]\nid = "A"\n[[arms]]\nid = "x"\n[[arms]]\nid = "y"\n', ("arms", 1, "id"))
    6
    """
    best, depth = 1, 0
    here: Key = ()
    counts: dict[Key, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header:
            here = _table_key(header.group(2).split("."), header.group(1) == "[[", counts)
            place = here
        else:
            name = line.split("=", 1)[0].strip() if "=" in line else ""
            place = (*here, name)
        shared = _shared(place, key)
        if shared == len(place) and shared > depth:
            best, depth = number, shared
    return best


def _table_key(names: list[str], is_array: bool, counts: dict[Key, int]) -> Key:
    """Return the key of a table header, with the running index of every array of tables on its way."""
    key: Key = ()
    for i, name in enumerate(names):
        key = (*key, name)
        if is_array and i == len(names) - 1:
            counts[key] = counts.get(key, -1) + 1
        if key in counts:
            key = (*key, counts[key])
    return key


def _shared(a: Key, b: Key) -> int:
    n = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        n += 1
    return n
