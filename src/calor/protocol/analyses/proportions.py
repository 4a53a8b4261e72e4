"""Analysis of a binary endpoint."""

from __future__ import annotations

from typing import Literal

from calor.protocol.analyses.analysis import DeclaredAnalysis
from calor.protocol.baseline import Column


class ProportionsAnalysis(DeclaredAnalysis):
    """Share of participants that meet an endpoint at a visit.

    Attributes:
        primary_method: The method that is primary; the others are shown beneath, all unstratified but the primary.
        strata: Columns of ADSL within whose combinations the arms are compared (Miettinen-Nurminen, Newcombe, CMH).
        missing: Whether a participant without a value at the visit is left out or counts as not having met it.
    """

    method: Literal["proportions"]
    primary_method: Literal["miettinen_nurminen", "newcombe", "mantel_haenszel", "fisher_exact", "boschloo"]
    strata: tuple[Column, ...] = ()
    missing: Literal["excluded", "not_met"] = "excluded"
