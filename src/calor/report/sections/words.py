"""Words that every section uses: anchors, captions, print's own minus sign."""

from __future__ import annotations

import re

from calor.analyze.finding import Finding


def anchor(name: str) -> str:
    """Return a protocol id as an HTML anchor and file stem.

    >>> anchor("by_baseline_TBR")
    'by-baseline-tbr'
    """
    return name.lower().replace("_", "-")


def typeset(sentence: str) -> str:
    """Give negative numbers their true minus sign.

    >>> typeset("fell by -0.171 (95 % CI -0.308 to -0.034), hs-CRP")
    'fell by −0.171 (95 % CI −0.308 to −0.034), hs-CRP'
    """
    return re.sub(r"(?<![\w−-])-(?=[\d.]|inf)", "−", sentence)


def caption(finding: Finding) -> str:
    """Return the line beneath a figure: estimand, population, method."""
    return f"{finding.estimand}. {finding.population}. {finding.method}."
