"""The list of attacks is complete: each has a test that says so in its docstring."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ATTACKS = {
    1: "identifiers of others on every address",
    2: "another site's participants, and a change of site",
    3: "guessing the next arm",
    4: "arms by kit numbers",
    5: "two worlds with arms swapped; times",
    6: "arms in exports, files and dumps",
    7: "the audit trail altered, cut, replayed; clock set back",
    8: "formulas in CSV",
    9: "entities, inclusions and bombs in XML",
    10: "bombs, oversized bodies and paths in uploads",
    11: "SQL in every parameter",
    12: "sessions, forged requests, redirects, frames, hosts, cookies",
    13: "fields that are not the form's",
    14: "roles, second factor, passwords",
    15: "canaries in logs, statements and reports",
    16: "unblinding: two at once, without reason, too often",
    17: "faults: processes killed, sessions cut, disk full, clicks repeated",
    18: "clocks and time zones",
    19: "one person enrolled twice",
    20: "a stratum changed between looking and clicking",
    21: "consent withdrawn in the instant of allocation",
    22: "lists brought in; lists of development",
    23: "anything asked of elsewhere",
    24: "scripts stored in free text",
    25: "small cells and differences of filters",
}
FOLDERS = ("web", "browser")


def _numbers() -> dict[int, list[str]]:
    """Return the tests of each attack: a docstring begins with its numbers, as `A12, A14: ...`."""
    found: dict[int, list[str]] = {}
    for folder in FOLDERS:
        for path in (Path(__file__).parents[2] / folder).rglob("test_*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    head = re.match(r"A\d+(?:\.\d)?(?:, A\d+(?:\.\d)?)*", ast.get_docstring(node) or "")
                    for number in re.findall(r"A(\d+)", head[0]) if head else ():
                        found.setdefault(int(number), []).append(node.name)
    return found


def test_every_attack_has_a_test() -> None:
    found = _numbers()
    assert set(ATTACKS) == set(range(1, 26))
    assert set(ATTACKS) - set(found) == set(), {number: ATTACKS[number] for number in set(ATTACKS) - set(found)}
    assert set(found) <= set(ATTACKS)
