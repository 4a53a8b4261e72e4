"""A trial folder on disk: its steps, which are stale, running them, provenance."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calor.trial.run import RunOutcome
    from calor.trial.steps import StepOutcome
    from calor.trial.trial import Result, Trial, open_trial

__all__ = ["Result", "RunOutcome", "StepOutcome", "Trial", "open_trial"]

_HOME = {"Result": "trial", "RunOutcome": "run", "StepOutcome": "steps", "Trial": "trial", "open_trial": "trial"}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: a screen needs none of the analyses."""
    if name not in _HOME:
        raise AttributeError(f"module 'calor.trial' has no attribute {name!r}")
    return getattr(import_module(f"calor.trial.{_HOME[name]}"), name)
