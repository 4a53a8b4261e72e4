"""Two-by-two tables, single proportions, multiplicity, meta-analysis and safety against R."""

from __future__ import annotations

import math
import re
from typing import Any

import pandas as pd
import pytest

from calor.analyze.benefit.assurance import Assurance, NormalBelief, assurance
from calor.analyze.counts.boschloo import boschloo
from calor.analyze.counts.clopper_pearson import clopper_pearson
from calor.analyze.counts.constrained_score import Contrast
from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.fisher_exact import fisher_exact
from calor.analyze.counts.mantel_haenszel import mantel_haenszel
from calor.analyze.counts.mcnemar import mcnemar
from calor.analyze.counts.miettinen_nurminen import miettinen_nurminen, stratified_miettinen_nurminen
from calor.analyze.counts.newcombe import newcombe
from calor.analyze.counts.poisson_rate import poisson_rate
from calor.analyze.counts.rate_difference import rate_difference
from calor.analyze.counts.rate_ratio import rate_ratio
from calor.analyze.counts.single_proportion import agresti_coull, blaker, jeffreys, mid_p, wilson
from calor.analyze.estimate import Estimate
from calor.analyze.multiplicity.e_value import Measure, e_value
from calor.analyze.multiplicity.meta_analysis import Heterogeneity, meta_analysis
from calor.analyze.multiplicity.multiplicity import Method, adjust
from calor.analyze.multiplicity.p_combination import fisher_combination, stouffer_combination
from calor.analyze.safety.double_fdr import double_fdr
from calor.analyze.safety.group_fdr import group_fdr
from calor.errors import AnalysisError
from tests.reference.registry import Case, adapter, close, data_file, number

FILE = "stats_binary_multiplicity_safety_bayes"


def _numbers(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", text)]


def _table(case: Case) -> tuple[EventCount, EventCount]:
    """Read x1, n1 of the active arm and x0, n0 of the control arm."""
    x1, n1, x0, n0 = case["outputs"].get("table") or _numbers(case["model"])
    return EventCount(int(x1), int(n1)), EventCount(int(x0), int(n0))


def _infinite(value: Any) -> float:
    """Read an upper limit: R's infinity was written as null."""
    return math.inf if value is None else number(value)


@adapter(FILE, r"exact2x2_.*|fisher_(?!bh).*")
def exact_two_by_two(case: Case) -> None:
    want, tolerance = case["outputs"], case["tolerance"]
    active, control = _table(case)
    got = fisher_exact(active, control)
    close(got.p_minlike, want["fisher_p"], tolerance, "two-sided p")
    close(got.p_fewer, want["fisher_less"], tolerance, "one-sided p")
    if "central" in want:
        close(got.p_central, want["central"]["p"], tolerance, "central p")
    if got.odds_ratio is None:  # R prints 0 (0 to infinity), which says the same
        assert (number(want["fisher_or"]), want["fisher_ci"]) == (0, [0, None])
        return
    close(got.odds_ratio.estimate, _infinite(want["fisher_or"]), tolerance, "odds ratio")
    for interval in [want["fisher_ci"], *([want["central"]["ci"]] if "central" in want else [])]:
        close(got.odds_ratio.lower, interval[0], tolerance, "lower limit")
        close(got.odds_ratio.upper, _infinite(interval[1]), tolerance, "upper limit")


_CONTRAST: dict[str, Contrast] = {"RD": "difference", "RR": "ratio", "OR": "odds ratio"}


@adapter(FILE, r"(?!.*strat)(score|mn|mee|newcombe).*")
def score_intervals(case: Case) -> None:
    active, control = _table(case)
    for key, want in case["outputs"].items():
        contrast = _CONTRAST.get(key[:2])
        if key == "RD_newcombe_mover":
            _same_interval(newcombe(active, control, level=number(want.get("level", 0.95))), want, case, key)
        elif key.startswith("PropCIs"):  # its name says Mee, its numbers are Miettinen and Nurminen's
            got = miettinen_nurminen(active, control).estimate
            close(got.lower, want[0], case["tolerance"], key)
            close(got.upper, want[1], case["tolerance"], key)
        elif contrast is not None:
            _score_output(case, key, contrast, want)


def _score_output(case: Case, key: str, contrast: Contrast, want: dict[str, Any]) -> None:
    active, control = _table(case)
    arguments: dict[str, Any] = {
        "contrast": contrast,
        "variance_correction": "Mee" not in key,
        "skewness_correction": "skew" in key,
    }
    events, everybody = active.events + control.events, active.participants + control.participants
    if contrast != "difference" and (events == 0 or (contrast == "odds ratio" and events == everybody)):
        with pytest.raises(AnalysisError, match="not estimable"):
            miettinen_nurminen(active, control, **arguments)
        return
    if key.endswith("_p"):
        got = miettinen_nurminen(active, control, null=number(want["theta0"]), **arguments)
        close(got.z**2, want["chisq"], case["tolerance"], f"{key} chi-squared")
        close(got.z, want["scorenull"], case["tolerance"], f"{key} score")
        close(got.estimate.p_value or 0.0, want["pval2sided"], case["tolerance"], f"{key} two-sided p")
        close(got.p_fewer, want["pval_left"], case["tolerance"], f"{key} left p")
        close(got.p_more, want["pval_right"], case["tolerance"], f"{key} right p")
    else:
        _same_interval(miettinen_nurminen(active, control, **arguments).estimate, want, case, key)


def _same_interval(got: Estimate, want: dict[str, Any], case: Case, what: str) -> None:
    close(got.lower, want["lower"], case["tolerance"], f"{what} lower")
    if "est" in want:
        close(got.estimate, _infinite(want["est"]), case["tolerance"], f"{what} estimate")
    close(got.upper, _infinite(want["upper"]), case["tolerance"], f"{what} upper")


def _vectors(case: Case) -> dict[str, list[float]]:
    """Read x1, n1, x2, n2 (or x0, n0), as lists among the outputs or as `x1 = c(...)` in the text."""
    found: dict[str, list[float]] = {}
    text = f"{case['model']} {case['what']}"
    for ours, names in {"x1": ("x1",), "n1": ("n1",), "x0": ("x2", "x0"), "n0": ("n2", "n0")}.items():
        for name in names:
            written = re.search(rf"\b{name}\s*=\s*c?\(([^)]*)\)", text)
            if name in case["outputs"]:
                found[ours] = [number(value) for value in case["outputs"][name]]
            elif written:
                found[ours] = _numbers(written[1])
    if len(found) < 4:
        pytest.skip("the case does not hold its strata as x1, n1, x2, n2")
    return found


def _strata(case: Case) -> list[tuple[EventCount, EventCount]]:
    found = _vectors(case)
    rows = zip(found["x1"], found["n1"], found["x0"], found["n0"], strict=True)
    return [(EventCount(int(a), int(b)), EventCount(int(c), int(d))) for a, b, c, d in rows]


@adapter(FILE, r"(?=.*strat)(score|mn|mee|newcombe|strat).*")
def stratified_score_intervals(case: Case) -> None:
    strata = _strata(case)
    for key, want in case["outputs"].items():
        if not isinstance(want, dict):
            continue
        words = f"{key} {case['model']} {case['what']}"
        contrast = next((ours for name, ours in _CONTRAST.items() if name in key), None)
        contrast = contrast or next((ours for name, ours in _CONTRAST.items() if name in words), "difference")
        got = stratified_miettinen_nurminen(
            strata,
            contrast=contrast,
            weights="inverse variance" if "IVS" in words else "mantel-haenszel",
            skewness_correction="skew" in key or "SCAS" in key,
        )
        if "lower" in want:
            _same_interval(got.estimate, {k: v for k, v in want.items() if k != "est" or "skew" not in key}, case, key)
        if "pval2sided" in want:
            close(got.z**2, want["chisq"], case["tolerance"], f"{key} chi-squared")
            close(got.estimate.p_value or 0.0, want["pval2sided"], case["tolerance"], f"{key} p")


@adapter(FILE, r"cmh.*|mantel.*")
def cochran_mantel_haenszel(case: Case) -> None:
    text = f"{case['model']} {case['what']}".replace(" ", "").lower()
    corrected = "correct=false" not in text and "correct=f" not in text
    got = mantel_haenszel(_strata(case), continuity_correction=corrected)
    known = {"statistic", "chisq", "chi2", "x2", "p", "p.value", "pval", "or", "estimate", "est", "common_or"}
    assert known & set(case["outputs"]), sorted(case["outputs"])
    ours = {
        ("statistic", "chisq", "chi2", "x2"): got.chi_squared,
        ("p", "p.value", "pval", "p_value"): got.odds_ratio.p_value,
        ("or", "estimate", "est", "common_or"): got.odds_ratio.estimate,
    }
    for names, value in ours.items():
        for name in set(names) & set(case["outputs"]):
            close(value or 0.0, case["outputs"][name], case["tolerance"], name)
    for name in {"ci", "conf.int", "or_ci"} & set(case["outputs"]):
        limits = [got.odds_ratio.lower, got.odds_ratio.upper]
        _same_numbers(limits, case["outputs"][name], case["tolerance"], name)


@adapter(FILE, r"mcnemar.*")
def mcnemar_exact(case: Case) -> None:
    want, tolerance = case["outputs"], case["tolerance"]
    cells = [number(value) for value in want.get("table", [])] or _numbers(re.sub(r"[A-Za-z]+\d+", "", case["model"]))
    # R fills a two-by-two matrix by columns, so the discordant pairs are its third and second number.
    first, second = (cells[2], cells[1]) if len(cells) >= 4 else cells[:2]
    got = mcnemar(int(first), int(second))
    assert {"p", "p_exact", "exact_p", "midp"} & set(want), sorted(want)
    for name, value in {"p": got.p_exact, "p_exact": got.p_exact, "exact_p": got.p_exact, "midp": got.p_midp}.items():
        if name in want:
            close(value, want[name], tolerance, name)
    if got.odds_ratio is not None and "or" in want:
        close(got.odds_ratio.estimate, _infinite(want["or"]), tolerance, "odds ratio")
    if got.odds_ratio is not None and "ci" in want:
        close(got.odds_ratio.lower, want["ci"][0], tolerance, "lower limit")
        close(got.odds_ratio.upper, _infinite(want["ci"][1]), tolerance, "upper limit")


@adapter(FILE, r"boschloo.*")
def boschloo_tests(case: Case) -> None:
    active, control = _table(case)
    for key, want in case["outputs"].items():
        if key.startswith("p") or key.endswith("_p"):
            side = "less" if "less" in key else "greater" if "greater" in key else "two-sided"
            close(boschloo(active, control, alternative=side).p_value, want, case["tolerance"], key)


_PROPORTION = {"wilson": wilson, "jeffreys": jeffreys, "agresti_coull": agresti_coull, "midp": mid_p, "blaker": blaker}


@adapter(FILE, r"binom.*|prop_.*|blaker.*")
def single_proportion(case: Case) -> None:
    x, n = _numbers(case["model"])[:2]
    count = EventCount(int(x), int(n))
    for key, want in case["outputs"].items():
        if key == "cp_upper_one":
            close(clopper_pearson(count, side="upper").upper, want, case["tolerance"], key)
            continue
        method = clopper_pearson if key in ("cp", "clopper_pearson", "exact") else _PROPORTION[key]
        got = method(count)
        # R leaves Agresti-Coull limits outside 0 to 1; a proportion cannot be there.
        close(got.lower, max(number(want[0]), 0.0), case["tolerance"], f"{key} lower")
        close(got.upper, min(number(want[1]), 1.0), case["tolerance"], f"{key} upper")


_ADJUST: dict[str, Method] = {
    "bonferroni": "bonferroni",
    "holm": "holm",
    "hochberg": "hochberg",
    "hommel": "hommel",
    "BH": "benjamini-hochberg",
    "fdr": "benjamini-hochberg",
    "BY": "benjamini-yekutieli",
}


@adapter(FILE, r"padj.*")
def adjusted_p(case: Case) -> None:
    p = [number(value) for value in case["outputs"]["p"]]
    got = adjust([f"H{at}" for at in range(len(p))], p, _ADJUST[case["model"]])
    for ours, want in zip(got.adjusted, case["outputs"]["adj"], strict=True):
        close(ours, want, case["tolerance"], case["model"])


@adapter(FILE, r"p_comb.*")
def combined_p(case: Case) -> None:
    found = re.search(r"weights?\s*=?\s*c?\(?([\d., ]+)", f"{case['model']} ; {case['what']}")
    weights = _numbers(found[1]) if found else None
    p = _numbers(re.split(r"[;,]?\s*weights?", case["model"])[0])
    for key, want in case["outputs"].items():
        if key in ("p", "weights"):
            continue
        got = fisher_combination(p) if key == "fisher" else stouffer_combination(p, weights)
        close(got.p_value, want, case["tolerance"], key)


@adapter(FILE, r"ae_.*")
def adverse_event_signals(case: Case) -> None:
    want, tolerance = case["outputs"], case["tolerance"]
    counts = pd.read_csv(data_file(case["data_file"]))
    tests = [
        fisher_exact(EventCount(int(row.x1), int(row.n1)), EventCount(int(row.x0), int(row.n0)))
        for row in counts.itertuples()
    ]
    p = [test.p_minlike for test in tests]
    _same_numbers(p, want["p"], tolerance, "two-sided p")
    _same_numbers([test.p_more for test in tests], want["p_greater"], tolerance, "one-sided p")
    _same_numbers(adjust(list(counts["pt"]), p, "benjamini-hochberg").adjusted, want["bh"], tolerance, "flat BH")
    # Version 2004's term column is the adjustment within the class; version 2012's class column comes from it.
    early = double_fdr(list(counts["soc"]), list(counts["pt"]), p, version="2004").table
    late = double_fdr(list(counts["soc"]), list(counts["pt"]), p, version="2012").table
    _same_numbers(early["term_adjusted"], want["within_soc_bh"], tolerance, "BH within class")
    representative = early.groupby("soc", sort=False)["term_adjusted"].min()
    assert list(representative.index) == want["soc"]
    _same_numbers(representative, want["soc_p"], tolerance, "class p")
    _same_numbers(late.groupby("soc", sort=False)["soc_adjusted"].first(), want["soc_bh"], tolerance, "class BH")


def _same_numbers(got: Any, want: list[Any], tolerance: float, what: str) -> None:
    for ours, theirs in zip(list(got), want, strict=True):
        close(float(ours), theirs, tolerance, what)


def _names(value: Any) -> list[str]:
    """Read R's vector of names, which is a string when there is one and may be empty or missing."""
    return [value] if isinstance(value, str) and value != "NA" else list(value) if isinstance(value, list) else []


@adapter(FILE, r"dfdr.*")
def flagged_terms(case: Case) -> None:
    (alpha,) = _numbers(case["model"].split("alpha")[1])
    counts = pd.read_csv(data_file(case["data_file"]))
    soc, term = list(counts["soc"]), list(counts["pt"])
    p = [
        fisher_exact(EventCount(int(row.x1), int(row.n1)), EventCount(int(row.x0), int(row.n0))).p_minlike
        for row in counts.itertuples()
    ]
    want = case["outputs"]
    assert double_fdr(soc, term, p, alpha_soc=alpha, alpha_term=alpha).flagged == tuple(_names(want["dfdr"]))
    assert set(adjust(term, p, "benjamini-hochberg").rejected(alpha)) == set(_names(want["bh"]))
    assert set(group_fdr(soc, term, p, alpha=alpha).flagged) == set(_names(want["gbh"]))


@adapter(FILE, r"eair.*|rate.*|poisson.*")
def event_rates(case: Case) -> None:
    x1, t1, x0, t0 = _named_numbers(case["model"], ("x", "T", "x", "T"))
    want, tolerance = case["outputs"], case["tolerance"]
    for key, events, time in (("r1", x1, t1), ("r0", x0, t0)):
        got = poisson_rate(int(events), time, per=100)
        _same_numbers([got.estimate, got.lower, got.upper], want[key], tolerance, key)
    if x1 + x0 > 0:
        ratio = rate_ratio(int(x1), t1, int(x0), t0)
        close(ratio.estimate, _infinite(want["ratio"]), tolerance, "ratio")
        close(ratio.lower, want["ratio_ci"][0], tolerance, "ratio lower")
        close(ratio.upper, _infinite(want["ratio_ci"][1]), tolerance, "ratio upper")
        close(ratio.p_value or 0.0, want["p"], tolerance, "ratio p")
    _same_interval(rate_difference(int(x1), t1, int(x0), t0), want["rd_score"], case, "difference")


def _named_numbers(text: str, names: tuple[str, ...]) -> list[float]:
    """Read `x=5,T=14.2 vs x=2,T=15.1`."""
    found = re.findall(r"([A-Za-z]+)\s*=\s*(-?[\d.]+(?:e-?\d+)?)", text)
    assert tuple(name for name, _ in found) == names, text
    return [float(value) for _, value in found]


@adapter(FILE, r"assurance.*")
def assurances(case: Case) -> None:
    got, belief = _assurance(case["what"])
    ours = {
        "assurance": got.assurance,
        "power_at_est": got.power_at_mean,
        "prob_eff": got.probability_of_benefit,
        "post_mean": belief.mean,
        "post_sd": belief.sd,
    }
    for key, want in case["outputs"].items():
        close(ours[key], want, case["tolerance"], key)


def _assurance(what: str) -> tuple[Assurance, NormalBelief]:
    """Read effect, prior and next trial; what a case leaves out is as in the first one of the series."""

    def find(pattern: str, default: tuple[float, ...]) -> tuple[float, ...]:
        found = re.search(pattern, what)
        return tuple(float(part) for part in found.groups()) if found else default

    real = r"(-?\d*\.?\d+)"
    if "prior" in what:
        (estimate, se) = find(rf"est\s*=\s*{real}", (-0.171,)) + find(rf"se\s*=\s*{real}", (0.0686,))
        mean, sd = find(rf"N\({real},\s*{real}\^2\)", (0.0, 0.1))
        belief = NormalBelief(mean, sd).updated(estimate, se)
    else:
        (estimate, se) = find(rf"est\s*=\s*{real}", (-0.171,)) + find(rf"se\s*=\s*{real}", (0.0686,))
        belief = NormalBelief(estimate, se)
    (n,) = find(r"2x(\d+)", (250.0,))
    (sd_endpoint,) = find(rf"sd\s*=\s*{real}", (0.27,))
    (alpha,) = find(rf"two-sided {real}", (0.05,))
    return assurance(belief, sd_endpoint * math.sqrt(2 / n), alpha=alpha), belief


@adapter(FILE, r"evalue.*|e_value.*")
def e_values(case: Case) -> None:
    text = f"{case['what']} {case['model'] or ''}"
    measure, ratio = re.findall(r"(RR|OR|HR)\s*=?\s*(-?\d*\.?\d+)", text)[0]
    limits = {side: float(value) for side, value in re.findall(r"(lower|upper)\s*=?\s*(\d*\.?\d+)", text)}
    both = re.search(r"CI\D*?(\d*\.?\d+)\s*(?:,|-|to)\s*(\d*\.?\d+)", text)
    if both:
        limits |= {"lower": float(both[1]), "upper": float(both[2])}
    rare = "common" if "common" in text or "sqrt" in text else "rare"
    names: dict[str, Measure] = {
        "RR": "risk ratio",
        "OR": "common odds ratio" if rare == "common" else "rare odds ratio",
        "HR": "common hazard ratio" if rare == "common" else "rare hazard ratio",
    }
    got = e_value(float(ratio), limits.get("lower", 0.0), limits.get("upper", math.inf), measure=names[measure])
    close(got.estimate, case["outputs"]["e"], case["tolerance"], "E-value")
    close(got.limit, case["outputs"]["e_ci"], case["tolerance"], "E-value of the limit")


_META: dict[str, Heterogeneity] = {
    "EE": "common",
    "FE": "common",
    "CE": "common",
    "DL": "dersimonian-laird",
    "REML": "reml",
    "PM": "paule-mandel",
}


@adapter(FILE, r"meta.*")
def meta_analyses(case: Case) -> None:
    want, tolerance = case["outputs"], case["tolerance"]
    method = _META.get(case["id"].split("_")[1])
    if method is None:
        pytest.skip("an estimator of the variance between studies that Calor does not offer")
    y, v = [number(value) for value in want["y"]], [number(value) for value in want["v"]]
    plain = meta_analysis(y, v, heterogeneity=method, knapp_hartung=False)
    close(plain.pooled.estimate, want["est"], tolerance, "mean")
    close(plain.pooled.se or 0.0, want["se"], tolerance, "SE")
    close(plain.tau_squared, want["tau2"], tolerance, "tau2")
    close(plain.q, want["Q"], tolerance, "Q")
    close(100 * plain.i_squared, want["I2"], tolerance, "I2")
    if want.get("hk"):
        adjusted = meta_analysis(y, v, heterogeneity=method).pooled
        close(adjusted.se or 0.0, want["hk"]["se"], tolerance, "Knapp-Hartung SE")
        _same_numbers([adjusted.lower, adjusted.upper], want["hk"]["ci"], tolerance, "Knapp-Hartung interval")
    if want.get("blup"):
        _same_numbers(plain.shrunken, want["blup"], tolerance, "shrunken effects")
