"""Files that come in and go out: formulas, documents that reach beyond themselves, bombs; and what is never read."""

from __future__ import annotations

import ast
import csv
import gzip
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from tests.web.attacks.besieged import CODE, Besieged
from tests.web.routes import signed_in

import calor.web
from calor.errors import ConductError
from calor.web import odm
from calor.web.copies import csv_text
from calor.web.models import AuditRow
from calor.web.permissions import Role

FOLDER = Path(calor.web.__file__).parent
FORMULAS = ("=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1", "=cmd|' /C calc'!A0")


@pytest.mark.parametrize("cell", FORMULAS)
def test_a8_a_spreadsheet_finds_no_formula(cell: str) -> None:
    """A8: each beginning that a spreadsheet computes; taking the apostrophe away gives the original back."""
    text = csv_text([{"a": cell, "b": "plain"}], ["a", "b"])
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["a"] == f"'{cell}"
    assert row["b"] == "plain"


@given(cell=st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=("Cs",))))
def test_a8_every_text_comes_back_and_none_begins_as_a_formula(cell: str) -> None:
    """A8"""
    (row,) = csv.DictReader(io.StringIO(csv_text([{"a": "x", "b": cell}], ["a", "b"]), newline=""))
    number = re.fullmatch(r"[+-][0-9.eE+-]+", cell)  # a spreadsheet shows it as it is
    assert number or not row["b"].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert (row["b"][1:] if row["b"].startswith("'") else row["b"]) == cell


BOMB = b'<!DOCTYPE x [<!ENTITY a "ha">%s]><x>&z;</x>' % b"".join(
    b'<!ENTITY %c "&%c;&%c;&%c;&%c;">' % (98 + i, *[97 + i] * 4) for i in range(25)
)


@pytest.mark.parametrize(
    "document",
    [
        b'<!DOCTYPE x [<!ENTITY %% a SYSTEM "file:///etc/passwd"> %%a;]><x/>'.replace(b"%%", b"%"),
        b'<!DOCTYPE x PUBLIC "-//x" "http://127.0.0.1:9/x.dtd"><x/>',
        BOMB,
        b"<x>" * 100_000 + b"</x>" * 100_000,
        b'<x xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd" parse="text"/></x>',
        "<?xml version='1.0' encoding='utf-16'?><!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>".encode("utf-16"),
    ],
    ids=["parameter entity", "external definition", "billion laughs", "deep", "inclusion", "another encoding"],
)
def test_a9_a_document_that_reaches_beyond_itself_or_never_ends_is_refused(document: bytes) -> None:
    """A9"""
    with pytest.raises(ConductError, match="ODM"):
        odm.read(document)


# Modules of the pages that read what comes from outside, with the test that attacks them. Whoever writes one adds it.
PARSERS = {
    "odm.py": "test_a9_a_document_that_reaches_beyond_itself_or_never_ends_is_refused",
    "imports.py": "test_a10_a_laboratory_file_that_is_a_bomb_or_none_is_refused",
}
READS = {
    "defusedxml": "XML", "lxml": "XML", "zipfile.ZipFile": "archives", "tarfile": "archives", "gzip": "archives",
    "openpyxl": "workbooks", "read_excel": "workbooks", "pickle": "objects", "yaml": "objects", "marshal": "objects",
    "FILES": "uploads", "pydicom": "images", "PIL": "images", "read_xport": "data files", "read_json": "data files",
}  # fmt: skip
WRITES_ONLY = {"copies.py"}  # archives that it makes


def _names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            yield node.attr
            yield ast.unparse(node)
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}", f"{node.module}".split(".")[0])
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_a10_what_comes_from_outside_is_read_in_no_other_place() -> None:
    """A9, A10: there are no archives, workbooks, objects or images to hide a bomb or a path in."""
    found = {(path.name, name) for path in FOLDER.rglob("*.py") for name in set(_names(path)) & set(READS)}
    assert ("odm.py", "defusedxml") in found
    new = {(file, name) for file, name in found if file not in {*PARSERS, *WRITES_ONLY}}
    assert not new, (
        f"{new} read what somebody sends. Attack them (bombs, paths that lead out, entities, too many bytes), then "
        "name the module and the test in PARSERS (tests/web/attacks/test_files.py)."
    )
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parents[1].rglob("test_*.py"))
    assert [test for test in PARSERS.values() if f"def {test}(" not in tests] == []


LINE = "participant,visit,analyte,value,unit\n"


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(b"0" * 50_000_000),
        (LINE + "02-001,V8,AST," + "9" * 400_000 + ",U/L\n").encode(),
        (LINE + "x" + "," * 400_000).encode(),
        (LINE + '"' + "a\n" * 200_000).encode(),
    ],
    ids=["packed", "digits", "columns", "quote"],
)
@pytest.mark.parametrize("name", ["../../../etc/cron.d/x", "con\0.csv", "a" * 400])
def test_a10_a_laboratory_file_that_is_a_bomb_or_none_is_refused(besieged: Besieged, content: bytes, name: str) -> None:
    """A10: too many rows, bytes, digits or columns, an archive, and names that lead out; nothing is written."""
    before = AuditRow.objects.count()
    client = signed_in(besieged.there[Role.COORDINATOR])
    file = SimpleUploadedFile("x", content)
    file._name = name
    answer = client.post("/laboratory-files/", {"file": file})
    assert answer.status_code in (400, 422)
    assert "etc/cron" not in answer.content.decode()
    assert AuditRow.objects.exclude(action="logged in").count() <= before


def test_a10_an_archive_of_ours_holds_names_without_folders(besieged: Besieged) -> None:
    """A10: whoever unpacks a copy unpacks it here, even where a table were named by somebody."""
    import zipfile  # noqa: PLC0415

    content = signed_in(besieged.there[Role.INVESTIGATOR]).get(f"/api/trials/{CODE}/exports/csv").content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert len(archive.namelist()) > 4
        assert all(re.fullmatch(r"[a-z_]+\.csv", name) for name in archive.namelist())


def test_a10_a_file_sent_to_a_form_that_takes_none_is_not_kept(besieged: Besieged, tmp_path: Path) -> None:
    """A10: nothing is written for it, in no folder."""
    client = signed_in(besieged.there[Role.MONITOR])
    with (tmp_path / "x.csv").open("w+b") as file:
        file.write(b"a" * 3_000_000)
        file.seek(0)
        answer = client.post("/participants/02-001/ask/", {"about": "V3", "text": "Right?", "../../file": file})
    assert answer.status_code == 302
    assert {path.name for path in tmp_path.iterdir()} == {"x.csv", "trial.sqlite3"} | {
        f"trial.sqlite3-{end}" for end in ("wal", "shm", "turn") if (tmp_path / f"trial.sqlite3-{end}").exists()
    }


# Statements that are put together from names; each name is the source's own, from a table or a loop over tables.
BY_NAME = {"append_only.py", "blinded_role.py", "moving.py", "database.py", "allocator.py"}


def test_a11_no_statement_is_put_together_from_what_somebody_sent() -> None:
    """A11: the database's own ways of placing values everywhere."""
    banned = {"raw", "extra", "RawSQL"}
    for path in FOLDER.rglob("*.py"):
        assert not banned & set(_names(path)), path.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "execute":
                plain = isinstance(node.args[0], ast.Constant) if node.args else True
                assert plain or path.name in BY_NAME or "migrations" in path.parts, f"{path.name}:{node.lineno}"


def test_a22_no_address_and_no_field_takes_a_list(besieged: Besieged) -> None:
    """A22: a list is drawn inside, once, so that none with gaps, a wrong ratio or odd digits can be brought."""
    client: Client = signed_in(besieged.there[Role.ADMINISTRATOR])
    for more in ({"arms": [0, 1]}, {"list": "A,B"}, {"seed": 1}, {"slots": [1]}):
        plan = {"plan": "ListPlan", "ratio": [1, 1], "sizes": [4], "strata": ["all"], "length": 8, **more}
        answer = client.post(f"/api/trials/{CODE}/list/preview", {"plan": plan}, content_type="application/json")
        assert answer.status_code == 422


@pytest.mark.parametrize(
    "wrong",
    [
        {"ratio": [1]}, {"ratio": [1, 0]}, {"ratio": [1, 21]}, {"ratio": [True, 1]}, {"ratio": ["1", "1"]},
        {"sizes": [3]}, {"sizes": []}, {"sizes": [10**9]}, {"strata": ["all", "all"]}, {"strata": ["a\tb"]},
        {"strata": [""]}, {"length": 10**6}, {"length": 0}, {"length": "８"},
    ],
    ids=str,
)  # fmt: skip
def test_a22_a_plan_that_cannot_be_is_refused(besieged: Besieged, wrong: dict[str, object]) -> None:
    """A22: duplicates, wrong ratio, odd digits, a million places; by form or by words, and nothing is drawn."""
    from calor.web.models import ActiveMethod  # noqa: PLC0415
    from calor.web.services import activation, plans  # noqa: PLC0415

    client = signed_in(besieged.there[Role.ADMINISTRATOR])
    plan = {"plan": "ListPlan", "ratio": [1, 1], "sizes": [4], "strata": ["all"], "length": 8, **wrong}
    answer = client.post(f"/api/trials/{CODE}/list/preview", {"plan": plan}, content_type="application/json")
    if answer.status_code == 200:  # what the preview lets pass, the activation refuses
        made = plans.plan_of(plan)
        with pytest.raises(ConductError):
            activation.activate(
                besieged.there[Role.ADMINISTRATOR], besieged.running.trial, made, configuration=made.digest
            )
    else:
        assert answer.status_code in (409, 422)
    assert ActiveMethod.objects.count() == 1
