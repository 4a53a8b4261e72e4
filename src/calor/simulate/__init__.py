"""Virtual participants through the same analysis that real ones get."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calor.simulate.trials import simulate

__all__ = ["simulate"]


def __getattr__(name: str) -> object:
    """Load the simulator when it is asked for: importing the package must not compile kernels."""
    if name == "simulate":
        from calor.simulate.trials import simulate  # noqa: PLC0415

        return simulate
    raise AttributeError(name)
