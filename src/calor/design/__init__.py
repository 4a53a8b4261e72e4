"""Boundaries, spending, power and sample size, closed testing, graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calor.design.group_sequential import GroupSequential

__all__ = ["GroupSequential"]


def __getattr__(name: str) -> object:
    """Load the design class when it is asked for: importing the package must not compile kernels."""
    if name == "GroupSequential":
        from calor.design.group_sequential import GroupSequential  # noqa: PLC0415

        return GroupSequential
    raise AttributeError(name)
