"""What the documentation tells people to type works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from calor.cli import app

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("tutorials/*.md")),
    *sorted((ROOT / "docs").glob("how-to/*.md")),
]
COMMAND = re.compile(r"^\$ (?:\w+=\S+ )*calor (?P<words>.*?)(?:\s+#.*)?$", re.MULTILINE)


def named(page: Path) -> list[str]:
    return [match["words"] for match in COMMAND.finditer(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_that_a_page_shows_exists_with_its_options(page: Path) -> None:
    for words in named(page):
        command, context = typer.main.get_command(app), None
        rest = words.split()
        while hasattr(command, "commands") and rest:
            name = rest.pop(0)
            assert name in command.commands, f"{page.name}: calor {words}"
            context = typer.Context(command, info_name=name, parent=context)
            command = command.commands[name]
        options = {option for parameter in command.params for option in parameter.opts}
        for word in rest:
            if word.startswith("--"):
                assert word.partition("=")[0] in options, f"{page.name}: calor {words} has no {word}"


def test_the_statisticians_python_runs_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from calor.trial.demo import make_demo  # noqa: PLC0415

    monkeypatch.chdir(tmp_path)
    make_demo("demo")
    text = (ROOT / "docs/tutorials/statistician.md").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(block, "statistician.md", "exec"), names)  # noqa: S102
    assert str(names["primary"]) in text
    assert Path("primary.svg").stat().st_size > 1_000
