"""Words that every section uses: anchors, captions, print's own minus sign."""

from __future__ import annotations

import re

import pandas as pd

from calor.analyze.finding import Finding

_ROUNDING = 1e-9


def anchor(name: str) -> str:
    """Return a protocol id as an HTML anchor and file stem.

    >>> anchor("by_baseline_TBR")
    'by-baseline-tbr'
    """
    return name.lower().replace("_", "-")


def typeset(sentence: str) -> str:
    """Give negative numbers their true minus sign, and keep numbers and their signs on one line.

    >>> typeset("fell by -0.171 (CI -0.308 to -0.034), hs-CRP")
    'fell by −0.171 (CI −0.308 to −0.034), hs-CRP'
    """
    signed = re.sub(r"(?<![\w−-])-(?=[\d.]|inf)", "−", sentence)
    return re.sub(r"(?<=\d) %|\b(n|p) ([=<]) (?=\d)", _unbroken, signed)


def _unbroken(match: re.Match[str]) -> str:
    """Keep a number and its sign on one line."""
    return match[0].replace(" ", "\N{NO-BREAK SPACE}")


def within(at: pd.Series, regions: pd.DataFrame) -> pd.Series:
    """Say of each value whether it lies in one of the regions, their ends included.

    >>> within(pd.Series([1.0, 2.0, 5.0]), pd.DataFrame({"lower": [1.5], "upper": [5.0]})).tolist()
    [False, True, True]
    """
    inside = pd.Series(False, index=at.index)
    for low, high in zip(regions["lower"], regions["upper"], strict=True):
        inside |= (at >= low * (1 - _ROUNDING)) & (at <= high * (1 + _ROUNDING))
    return inside


def capital(text: str) -> str:
    """Begin a text with a capital letter, leaving the rest, and leaving a name that begins small as it is.

    >>> capital("index-vessel TBRmax"), capital("hs-CRP")
    ('Index-vessel TBRmax', 'hs-CRP')
    """
    return text if re.match(r"[a-z]{1,2}-?[A-Z]", text) else text[:1].upper() + text[1:]


def caption(finding: Finding) -> str:
    """Return the line beneath a figure: estimand, population, method, n where the main table says it."""
    main = finding.to_frame()
    n = f"n = {int(main['n'].max())}" if "n" in main and finding.kind != "adverse_events" else ""
    parts = (finding.estimand, finding.population, finding.method, n)
    return typeset(". ".join(capital(text) if text != n else n for text in parts if text) + ".")
