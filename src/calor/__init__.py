"""Calor: biomarker-driven anti-inflammatory therapy after myocardial infarction, from records to the next protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calor.trial import Trial, open_trial

__all__ = ["Trial", "__version__", "open_trial"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for, so that `import calor` stays quick."""
    if name in {"Trial", "open_trial"}:
        from calor import trial  # noqa: PLC0415

        return getattr(trial, name)
    raise AttributeError(f"module 'calor' has no attribute {name!r}")
