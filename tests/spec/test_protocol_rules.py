"""Every cross-check of a protocol, as a table: what is broken, where the message points, what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from calor.errors import ProtocolError
from calor.protocol import parse_protocol
from calor.protocol.checks import CHECKS

ROOT = Path(__file__).parents[2]
IVORY = (ROOT / "examples/ivory/protocol.toml").read_text(encoding="utf-8")
OUTCOME = (ROOT / "examples/outcome/protocol.toml").read_text(encoding="utf-8")

GRAPH = """[multiplicity]
method = "graph"
hypotheses = ["primary", "active_slices"]
weights = [0.5, 0.5]
transitions = [[0, 1], [1, 0]]
"""
NO_GRAPH = """[multiplicity]
method = "none" # one primary hypothesis; nothing more is published
alpha = 0.05
"""
WITH_GRAPH = IVORY.replace(NO_GRAPH, GRAPH)
RESPONDER = """
[[analyses]]
id = "responders"
label = "index-vessel TBRmax"
role = "exploratory"
estimand = "tbr_index"
set = "both_scans"
method = "responder"
biomarker = "hs_crp"
visit = "V12"
comparator = "<"
cutoff = 2
"""
WITH_RESPONDER = IVORY + RESPONDER
WITHOUT_SCREENING = IVORY[: IVORY.index("[screening]")] + IVORY[IVORY.index("[[sets]]") :]

COMPONENTS = 'components = [{ endpoint = "recurrent_mi" }, { endpoint = "tbr_index", response = "CHG" }]'
COMPETING = 'paramcd = "TTMI"\nhorizon_days = 730'
LANDMARK = """
[[analyses]]
id = "early_responders"
label = "recurrent infarction"
role = "exploratory"
estimand = "recurrent_mi"
set = "followed"
method = "landmark"
biomarker = "hs_crp"
visit = "V12"
comparator = "<"
cutoff = 2
"""
EVENTS = IVORY[(at := IVORY.index('method = "events"')) : IVORY.index("\n\n", at) + 1]
WITH_LANDMARK = IVORY + LANDMARK

RULES = {
    # rule: (whole text, what is replaced, by what, key in the message, words in the message)
    "component that is no endpoint": (
        IVORY, COMPONENTS, COMPONENTS.replace('"recurrent_mi"', '"death"'), "components", '"death"',
    ),
    "component that is no measure": (IVORY, COMPONENTS, COMPONENTS.replace("tbr_index", "teae"), "components", "teae"),
    "component twice": (IVORY, COMPONENTS, COMPONENTS.replace("tbr_index", "recurrent_mi"), "components", "once"),
    "margin of a time": (
        IVORY, COMPONENTS, COMPONENTS.replace('"recurrent_mi" }', '"recurrent_mi", margin = 5 }'), "components",
        "neither margin nor response",
    ),
    "competing events of one code": (
        IVORY, COMPETING, f'{COMPETING}\ncompeting = [{{ cnsr = 2, label = "a" }}, {{ cnsr = 2, label = "b" }}]',
        "endpoints[recurrent_mi].competing", "2 twice",
    ),
    "competing risks without any": (
        IVORY, EVENTS, 'method = "competing_risks"\nprimary_method = "gray"\n', "analyses[recurrent_mi]",
        "competing events",
    ),
    "strata that the method does not take": (
        IVORY, 'primary_method = "fisher_exact"', 'primary_method = "fisher_exact"\nstrata = ["SEX"]',
        "analyses[recurrent_mi].strata", "has no strata",
    ),
    "primary restricted mean without a horizon": (
        IVORY, 'primary_method = "fisher_exact"', 'primary_method = "rmst"', "analyses[recurrent_mi].horizon_days",
        "must be given",
    ),
    "stratified exact test of proportions": (
        IVORY, 'primary_method = "miettinen_nurminen"', 'primary_method = "boschloo"\nstrata = ["SEX"]',
        "analyses[hs_crp_low].strata", "has no strata",
    ),
    "CMH without strata": (
        IVORY, 'primary_method = "miettinen_nurminen"', 'primary_method = "mantel_haenszel"',
        "analyses[hs_crp_low].strata", "must be named",
    ),
    "landmark on no biomarker": (
        WITH_LANDMARK, LANDMARK, LANDMARK.replace("hs_crp", "crp"), "analyses[early_responders].biomarker", "hs_crp",
    ),
    "landmark at no visit": (
        WITH_LANDMARK, LANDMARK, LANDMARK.replace("V12", "V99"), "analyses[early_responders].visit", "V99",
    ),
    "landmark that confirms": (
        WITH_LANDMARK, LANDMARK, LANDMARK.replace("exploratory", "secondary"), "analyses[early_responders].role",
        "confirms nothing",
    ),
    "unknown key": (IVORY, "ratio = 1", "ratoi = 1", "arms[placebo].ratoi", "is no key"),
    "missing key": (IVORY, 'phase = "2"\n', "", "trial.phase", "is missing"),
    "wrong type": (IVORY, "cutoff = 2", 'cutoff = "two"', "gate.cutoff", "number"),
    "two arms of one id": (IVORY, 'id = "aldesleukin"', 'id = "placebo"', "arms[placebo].id", "unique"),
    "no control": (IVORY, 'role = "control"', 'role = "active"', "arms", "one arm with role"),
    "regimen of no arm": (IVORY, 'arm = "aldesleukin"', 'arm = "aldesleukine"', "regimens", "aldesleukin"),
    "dose after follow-up": (IVORY, "follow_up_days = 760", "follow_up_days = 50", "regimens", "within follow-up"),
    "two doses on one day": (
        IVORY, "first_day = 12, every_days = 7", "first_day = 5, every_days = 7", "regimens", "day 5 twice",
    ),
    "visit outside follow-up": (IVORY, "window = [58, 68]", "window = [58, 900]", "visits[V15].window", "day 760"),
    "visit outside its window": (IVORY, "day = 61", "day = 70", "visits[V15].window", "planned day 70"),
    "visit measures nothing known": (IVORY, 'measures = ["hs_crp",', 'measures = ["crp",', "measures", "hs_crp"),
    "implausible range": (IVORY, "plausible = [0.01, 500]", "plausible = [500, 0.01]", "plausible", "increase"),
    "gate on no biomarker": (IVORY, 'biomarker = "hs_crp"', 'biomarker = "crp"', "gate.biomarker", "crp"),
    "gate window too short": (
        OUTCOME, "least_interval_days = 14", "least_interval_days = 140", "gate.window", "140 days apart",
    ),
    "set aside without a reason why": (OUTCOME, ", above = 10", "", "gate.set_aside", "exactly one"),
    "endpoint at no visit": (IVORY, 'visit = "V15"', 'visit = "V16"', "endpoints[tbr_index].visit", 'Did you mean "V1'),
    "estimand of no endpoint": (
        IVORY, 'endpoint = "tbr_index"\n', 'endpoint = "tbr"\n', "estimands[tbr_index].endpoint", "declared endpoint",
    ),
    "estimand against an active arm": (
        IVORY, 'control = "placebo"', 'control = "aldesleukin"', "treatment.control", "control arm",
    ),
    "analysis of no estimand": (
        IVORY, 'estimand = "tbr_active"', 'estimand = "tbr_actve"', "analyses[active_slices].estimand", "tbr_active",
    ),
    "analysis in no set": (IVORY, 'set = "both_scans"', 'set = "all"', "analyses[primary].set", "analysis set"),
    "method that does not suit": (
        IVORY, 'estimand = "recurrent_mi"', 'estimand = "tbr_index"', "analyses[recurrent_mi].method", "continuous",
    ),
    "interaction with no biomarker": (IVORY, 'modifier = "hs_crp"', 'modifier = "crp"', "modifier", "or BASE"),
    "no primary": (IVORY, 'role = "primary"', 'role = "secondary"', "analyses", "before the data"),
    "two primaries and no procedure": (IVORY, 'role = "secondary"', 'role = "primary"', "role", "multiplicity"),
    "weights that do not add up": (WITH_GRAPH, "[0.5, 0.5]", "[0.5, 0.4]", "multiplicity.weights", "add up to 1"),
    "weight to itself": (WITH_GRAPH, "[0, 1]", "[1, 0]", "multiplicity.transitions", "none to itself"),
    "looks out of order": (
        OUTCOME, "information_fraction = 0.75", "information_fraction = 0.4", "looks.looks", "increasing",
    ),
    "two durations of recruitment": (
        OUTCOME, "recruitment_months = 30", "recruitment_months = 24", "accrual_months", "must equal trial.recruitment",
    ),
    "population of the looks without a set": (
        OUTCOME, "\n[[looks.looks]]\nid = \"half\"", '\n[[looks.planning.populations]]\nset = "positive"\nshare = 0.4\n'
        'hazard_ratio = 0.7\ncontrol_rate_per_year = 0.05\n\n[[looks.looks]]\nid = "half"',
        "looks.planning.populations", "positive",
    ),
    "last look not the end": (OUTCOME, "information_fraction = 1.0", "information_fraction = 0.9", "looks", "end at"),
    "two criteria of one id": (OUTCOME, 'id = "adult"', 'id = "alive"', "screening.criteria", "unique"),
    "infarction window reversed": (OUTCOME, "days = [30, 120]", "days = [120, 30]", "screening.criteria", "Swap them"),
    "visits out of order": (
        IVORY, '["V7", "V8"', '["V8", "V7"', "analyses[hs_crp_course].visits", "must follow each other",
    ),
    "visit twice": (IVORY, '["V7", "V8"', '["V8", "V8"', "analyses[hs_crp_course].visits", "must follow each other"),
    "no visit of that name": (IVORY, '["V7", "V8"', '["V6", "V8"', "analyses[hs_crp_course].visits", "declared visit"),
    "endpoint's visit left out": (
        IVORY, '"V14", "V15"]', '"V14"]', "analyses[hs_crp_course].visits", 'own visit "V15"',
    ),
    "mixed model of one visit": (
        IVORY, '"V7", "V8", "V10", "V12", "V14", "V15"', '"V15"', "analyses[hs_crp_course].visits", "two or more",
    ),
    "by visit what is no covariate": (
        IVORY, "below_limit =", 'by_visit = ["AGE"]\nbelow_limit =', "analyses[hs_crp_course].by_visit", "AGE",
    ),
    "imputation that answers another question": (
        IVORY, '["jump_to_reference", "missing_at_random"]', '["missing_at_random"]', "strategies", "serves",
    ),
    "imputation after no event": (
        IVORY, 'event = "Stopping study treatment"\n', 'event = "Rescue"\n', "analyses[missing_scans].event", "Rescue",
    ),
    "threshold found and called secondary": (
        IVORY, 'Threshold of baseline hs-CRP"\nrole = "exploratory"', 'Threshold"\nrole = "secondary"',
        "analyses[threshold_hs_crp].role", "confirms nothing",
    ),
    "responders called secondary": (
        WITH_RESPONDER, RESPONDER, RESPONDER.replace("exploratory", "secondary"), "[responders].role", "confirms",
    ),
    "spline with a seed": (IVORY, 'form = "spline"', 'form = "spline"\nseed = 1', "[curve_by_hs_crp].seed", "has no"),
    "windows without a size": (
        IVORY, 'form = "spline"', 'form = "stepp"\nseed = 1', "analyses[curve_by_hs_crp]", "needs window",
    ),
    "response judged at the endpoint's visit": (
        WITH_RESPONDER, 'visit = "V12"\ncomp', 'visit = "V15"\ncomp', "analyses[responders].visit", "Judge response",
    ),
    "mediator taken with the endpoint": (
        IVORY, 'mediator = "treg"\nvisit = "V10"', 'mediator = "treg"\nvisit = "V15"', "analyses[through_treg].visit",
        "Take the mediator earlier",
    ),
    "mediator of no name": (
        IVORY, 'mediator = "treg"', 'mediator = "tregs"', "analyses[through_treg].mediator", 'Did you mean "treg"',
    ),
    "mediation called secondary": (
        IVORY, 'through regulatory T cells"\nrole = "exploratory"', 'through T cells"\nrole = "secondary"',
        "analyses[through_treg].role", "confirms nothing",
    ),
    "joint interaction with no biomarker": (
        IVORY, 'biomarker = "hs_crp", scale = "log" }]', 'biomarker = "crp", scale = "log" }]', "modifiers", "or BASE",
    ),
    "modifier twice": (
        IVORY, 'biomarker = "hs_crp", scale = "log" }]', 'biomarker = "BASE", scale = "log" }]', "modifiers", "twice",
    ),
    "joint interaction with one biomarker": (
        IVORY, '[{ biomarker = "BASE", scale = "linear" }, { b', '[{ b', "modifiers", "at least 2",
    ),
    "rank ANCOVA of no covariate": (
        IVORY, 'covariates = ["BASE"]\nbeside', "covariates = []\nbeside", "analyses[primary].beside", "rank_sum",
    ),
    "multiple imputation without a seed": (
        IVORY, 'imputation = "multiple"\nseed = 62', 'imputation = "multiple"', "analyses[missing_scans_drawn]",
        "needs a seed",
    ),
    "half a safety limit": (IVORY, "value = 1.5\n", "", "safety_limits[eosinophilia]", "together"),
    "harm limit of no group": (IVORY, 'group = "Immune activation"', 'group = "Fever"', "harm.group", "group of that"),
    "harm limit of no analysis": (
        IVORY, 'analysis = "events_of_interest"', 'analysis = "adverse_events"', "harm.analysis", "events_of_interest",
    ),
    "harm limit in no arm": (IVORY, 'arm = "aldesleukin"\nacceptable', 'arm = "drug"\nacceptable', "harm.arm", "arm"),
    "harm limit of one participant": (
        IVORY, 'level = "trial"', 'level = "participant"', "safety_limits[immune_activation].level", "harm rule",
    ),
    "looks for harm out of order": (IVORY, "looks = [10, 20, 30]", "looks = [10, 30, 20]", "harm.looks", "increase"),
    "harm without a chance for each look": (
        IVORY, 'kind = "beta_binomial", threshold = 0.95, prior = [0.5, 1.5]',
        'kind = "exact_binomial", alpha_spent = [0.01, 0.05]', "alpha_spent", "one chance per look (3)",
    ),
    "group without terms": (IVORY, 'terms = ["Injection site reaction"]', "terms = []", "terms", "at least 1"),
    "restricted mean without a horizon": (
        IVORY, '{ method = "bayesian_rate", prior_events = 0.5, prior_years = 0 }', '{ method = "rmst" }',
        "horizon_days", "is missing",
    ),
    "gate chosen in a window of no name": (
        IVORY, 'reference_window = "month_one"', 'reference_window = "month_on"', "reference_window", "month_one",
    ),
    "gate chosen by no interaction": (
        IVORY, 'analysis = "by_baseline_hs_crp"\nwindow', 'analysis = "primary"\nwindow',
        "effect.analysis", "by_baseline",
    ),
    "gate chosen on a linear scale": (
        IVORY, 'analysis = "by_baseline_hs_crp"\nwindow', 'analysis = "by_baseline_tbr"\nwindow',
        "effect.analysis", "log",
    ),
    "link for no effect": (IVORY, "effect = -0.171", "effect = 0", "link.effect", "must not be 0"),
    "cut-offs out of order": (IVORY, "cutoffs = [1, 1.25", "cutoffs = [1, 0.5", "cutoffs", "increase"),
    "a cut-off that is no number": (IVORY, "cutoffs = [1, 1.25", "cutoffs = [1, nan", "cutoffs", "finite"),
    "a cut-off without end": (IVORY, "12, 15]", "12, inf]", "cutoffs", "finite"),
    "an effect that is no number": (IVORY, "effect = -0.171", "effect = nan", "link.effect", "finite"),
    "one number of tests twice": (IVORY, "tests = [1, 2]", "tests = [1, 1]", "grid.tests", "increase"),
    "no number of tests": (IVORY, "tests = [1, 2]", "tests = []", "grid.tests", "at least 1"),
    "one design twice": (
        IVORY, "tests = [1, 2]", 'tests = [1, 2]\ndesigns = ["gated", "gated"]', "grid.designs", "differ",
    ),
    "one look for the next trial": (IVORY, "looks = [0.5, 1.0]", "looks = [1.0]", "test.looks", "two or more"),
    "criterion kept that is none": (IVORY, '"age", "contraception"', '"aged", "contraception"', "keep", "age"),
    "source of a value that is not stated": (
        IVORY, 'of = "link.hazard_ratio"', 'of = "link.hazard"', "gate_design.sources", "link.hazard_ratio",
    ),
    "records counted without screening": (
        WITHOUT_SCREENING, "[gate_design.recruitment]\n", '[gate_design.recruitment]\nsource = "records"\n',
        "source", "stated",
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_broken_rule_is_named_with_its_key_and_line(rule: str) -> None:
    whole, old, new, key, words = RULES[rule]
    assert old in whole
    with pytest.raises(ProtocolError) as caught:
        parse_protocol(whole.replace(old, new, 1))
    message = str(caught.value)
    line = next(row for row in message.splitlines() if key in row)
    assert words in line
    assert line.strip().startswith("line ")


def test_message_points_at_the_line_that_was_broken() -> None:
    broken = IVORY.replace("window = [58, 68]", "window = [58, 900]")
    number = broken.splitlines().index("window = [58, 900]") + 1
    with pytest.raises(ProtocolError, match=f"line {number}: `visits"):
        parse_protocol(broken)


def test_all_problems_are_told_at_once() -> None:
    broken = IVORY.replace('visit = "V15"', 'visit = "V99"').replace('set = "both_scans"', 'set = "nobody"')
    wrong = IVORY.count('visit = "V15"') + IVORY.count('set = "both_scans"')
    with pytest.raises(ProtocolError, match=f"has {wrong} problems"):
        parse_protocol(broken)


def test_every_cross_check_is_reached_by_the_table() -> None:
    silent = []
    for check in CHECKS:
        if not any(_finds(check, rule) for rule in RULES):
            silent.append(check.__name__)
    assert silent == []


def _finds(check: object, rule: str) -> bool:
    import tomllib  # noqa: PLC0415

    from pydantic import ValidationError  # noqa: PLC0415

    from calor.protocol.protocol import Protocol  # noqa: PLC0415

    whole, old, new, _, _ = RULES[rule]
    try:
        protocol = Protocol.model_validate(tomllib.loads(whole.replace(old, new, 1)))
    except ValidationError:
        return False
    return any(True for _ in check(protocol))  # type: ignore[operator]
