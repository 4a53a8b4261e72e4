"""On which side of a cut-off a value lies, where that can be known."""

from __future__ import annotations

import operator
from collections.abc import Callable

import pandas as pd

from calor.analyze.declared.records import SUBJECT, Datasets
from calor.datasets.censored import readings
from calor.errors import AnalysisError
from calor.protocol import Protocol
from calor.protocol.analyses import LandmarkAnalysis, ResponderAnalysis
from calor.protocol.biomarkers import Comparator

RESPONDER = "RESPONDER"
COMPARATORS: dict[Comparator, Callable[[pd.Series, float], pd.Series]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">=": operator.ge,
    ">": operator.gt,
}


def judged(rows: pd.DataFrame, comparator: Comparator, cutoff: float) -> pd.Series:
    """Tell of each row whether its value lies on the named side of a cut-off; missing where that is not known.

    A value beyond a limit of detection is judged where its side of the cut-off is known all the same.

    >>> rows = pd.DataFrame({"AVAL": [1.5, None, None], "AVALC": ["1.5", "<0.2", "hemolyzed"]})
    >>> judged(rows, "<", 2.0).tolist()
    [True, True, None]
    """
    read = readings(rows)
    values, side = read["value"], read["side"]
    unknown = values.isna() | ((side == "below") & (values >= cutoff)) | ((side == "above") & (values <= cutoff))
    return COMPARATORS[comparator](values, cutoff).astype(object).where(~unknown, None)


def judged_at_visit(
    protocol: Protocol, analysis: ResponderAnalysis | LandmarkAnalysis, datasets: Datasets
) -> pd.DataFrame:
    """Return USUBJID and whether the participant had responded at the analysis's visit; who was not measured is absent.

    Raises:
        AnalysisError: A participant has several values there.
    """
    biomarker = protocol.biomarker(analysis.biomarker)
    labs = datasets["adlb"].frame
    rows = labs[(labs["PARAMCD"] == biomarker.paramcd) & (labs["AVISIT"] == protocol.visit(analysis.visit).label)]
    rows = rows[rows["ANL01FL"] == "Y"] if "ANL01FL" in rows else rows
    if rows[SUBJECT].duplicated().any():
        raise AnalysisError.must(
            "adlb", f"give each participant one {biomarker.paramcd} at the landmark", "more", fix="Flag it in ANL01FL."
        )
    return rows[[SUBJECT]].assign(**{RESPONDER: judged(rows, analysis.comparator, analysis.cutoff)})
