"""The declared laboratory safety: CTCAE grades as shifts from baseline, and who meets the liver rule."""

from __future__ import annotations

import pandas as pd

from calor.analyze.declared.left_out import counted
from calor.analyze.declared.records import (
    ARM,
    SUBJECT,
    Datasets,
    arm_labels,
    endpoint_rows,
    everyone_compared,
    of_kind,
    participants,
)
from calor.analyze.finding import Finding
from calor.analyze.safety.ctcae import grading_rules
from calor.analyze.safety.edish import LiverRule, edish
from calor.analyze.safety.laboratory_grades import LaboratoryGrades, laboratory_grades
from calor.analyze.safety.shift_table import NOT_GRADABLE, shift_table
from calor.errors import AnalysisError
from calor.protocol import Protocol
from calor.protocol.analyses import LaboratorySafetyAnalysis
from calor.protocol.endpoints import LaboratoryEndpoint

OPTIONAL = ("ANRLO", "ANRHI", "BASE")
"""Columns without which a value may be not gradable; the others must be there."""

REQUIRED = (SUBJECT, "PARAMCD", "ADY", "AVAL", "AVALU")


def declared_laboratory_safety(protocol: Protocol, analysis: LaboratorySafetyAnalysis, datasets: Datasets) -> Finding:
    """Grade laboratory values and judge the liver rule as the protocol declares."""
    estimand = protocol.estimand(analysis.estimand)
    endpoint = of_kind(protocol.endpoint(estimand.endpoint), LaboratoryEndpoint)
    arms = arm_labels(protocol, estimand.treatment)
    population = protocol.analysis_set(analysis.set)
    people = everyone_compared(participants(datasets, population, arms, actual=True), arms)
    covered = {rule.analyte for rule in grading_rules(analysis.criteria)}
    labs, notes = _values(endpoint_rows(protocol, datasets, endpoint), people, endpoint.dataset, covered)
    grades = laboratory_grades(labs, version=analysis.criteria)
    shifts, worsened = _shifts(grades, people, arms, analysis.baseline_day)
    liver, triggers, liver_said = _liver(labs, people, analysis)
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method=f"CTCAE v{analysis.criteria}, worst grade after baseline",
        estimand=estimand.label,
        population=population.label,
        arms=arms,
        sentences=(_graded(grades), _rose(worsened), liver_said),
        tables={
            "shifts": shifts,
            "worsened": worsened,
            "not_gradable": _not_gradable(grades, people),
            **({"edish": liver, "triggers": triggers} if liver is not None and triggers is not None else {}),
        },
        notes=(
            *notes,
            *_not_covered(grades, labs),
            "Only what the value alone decides is graded; symptoms or treatment may grade an event higher. A value "
            f'that could be worse than the worst grade seen makes the participant "{NOT_GRADABLE}".',
        ),
    )


def _values(
    rows: pd.DataFrame, people: pd.DataFrame, dataset: str, covered: set[str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the values of the set's participants that have a number and a day, and what was left out."""
    missing = [column for column in REQUIRED if column not in rows]
    if missing:
        raise AnalysisError.must(dataset, f"have the columns {', '.join(missing)}", "none", fix="Grading reads them.")
    absent = [column for column in OPTIONAL if column not in rows]
    mine = rows[rows[SUBJECT].isin(people[SUBJECT])].assign(**dict.fromkeys(absent, float("nan")))
    no_number, no_day = mine["AVAL"].isna(), mine["ADY"].isna() & mine["AVAL"].notna()
    kept = mine[~no_number & ~no_day]
    no_number_graded = no_number & mine["PARAMCD"].isin(covered)
    notes = []
    if absent:
        notes.append(f"{dataset.upper()} has no column {', '.join(absent)}: what needs it is {NOT_GRADABLE}.")
    if no_number_graded.any():
        notes.append(
            f"{int(no_number_graded.sum())} results without a number (below a limit of detection, say) are not graded."
        )
    if no_day.any():
        notes.append(f"{int(no_day.sum())} results without a study day are not graded.")
    return kept.reset_index(drop=True), tuple(notes)


def _shifts(
    grades: LaboratoryGrades, people: pd.DataFrame, arms: tuple[str, ...], baseline_day: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the shifts of every graded term, and how many rose to grade 3 or 4."""
    columns = ["term", "arm", "baseline", "worst", "participants", "n", "percent"]
    tables, rows = [pd.DataFrame(columns=columns)], []
    for term in dict.fromkeys(grades.table["term"]):
        found = shift_table(grades, people, term, baseline_day=baseline_day, arm=ARM)
        tables.append(found.table.assign(term=term)[columns])
        size = found.table.groupby("arm")["n"].first()
        rows += [{"term": term, "arm": arm, "rose": found.worsened.get(arm, 0), "n": int(size[arm])} for arm in arms]
    kept = [table for table in tables if not table.empty] or tables
    return pd.concat(kept, ignore_index=True), pd.DataFrame(rows, columns=["term", "arm", "rose", "n"])


def _not_gradable(grades: LaboratoryGrades, people: pd.DataFrame) -> pd.DataFrame:
    """Count values not gradable by term, arm and reason."""
    open_values = grades.table[grades.table["grade"].isna()]
    arm = open_values["participant"].map(people.set_index(SUBJECT)[ARM])
    counted = open_values.assign(arm=arm).groupby(["term", "reason", "arm"], sort=True)
    return counted.size().rename("values").reset_index()


def _graded(grades: LaboratoryGrades) -> str:
    graded = grades.table["grade"].notna()
    severe = int((grades.table["grade"] >= 3).sum())
    return (
        f"CTCAE v{grades.version}: {int(graded.sum())} grades given, {severe} of them 3 or 4, "
        f"{int((~graded).sum())} values {NOT_GRADABLE}"
    )


def _rose(worsened: pd.DataFrame) -> str:
    """Say in which terms participants rose to grade 3 or 4."""
    if worsened.empty:
        return "No analyte in the data has laboratory criteria"
    terms = worsened.groupby("term", sort=False)["rose"].sum()
    if not terms.any():
        return f"Nobody rose to grade 3 or 4 ({len(terms)} term{'s' * (len(terms) != 1)} graded)"
    parts = [
        f"{term} {', '.join(f'{r.arm} {r.rose}/{r.n}' for r in worsened[worsened['term'] == term].itertuples())}"
        for term in terms.index[terms > 0]
    ]
    return f"Rose to grade 3 or 4: {'; '.join(parts)}"


def _liver(
    labs: pd.DataFrame, people: pd.DataFrame, analysis: LaboratorySafetyAnalysis
) -> tuple[pd.DataFrame | None, pd.DataFrame | None, str]:
    """Return peaks and triggers by the liver rule, or say why nobody can be judged."""
    measured = set(labs["PARAMCD"])
    wanted = {"ALT or AST": {"ALT", "AST"}, "total bilirubin (BILI)": {"BILI"}}
    missing = [what for what, codes in wanted.items() if not measured & codes]
    if missing:
        return None, None, f"The liver rule cannot be judged: the data hold no {' and no '.join(missing)}"
    rule = LiverRule(analysis.aminotransferase, analysis.bilirubin, analysis.window_days)
    try:
        found = edish(labs, people, rule=rule, arm=ARM, first_day=analysis.baseline_day + 1)
    except AnalysisError as error:
        return None, None, f"The liver rule cannot be judged: {str(error).removesuffix('.')}"
    triggers = found.table[found.table["trigger"] | (found.table["quadrant"] == "both")]
    columns = ["participant", "arm", "aminotransferase", "bilirubin", "quadrant", "trigger", "trigger_day"]
    not_judged = len(found.not_judged)
    said = f"{found}; {counted(not_judged)} not judged for want of a value or its upper limit"
    peaks = found.table.assign(rule_aminotransferase=rule.aminotransferase, rule_bilirubin=rule.bilirubin)
    return peaks, triggers[columns].reset_index(drop=True), said


def _not_covered(grades: LaboratoryGrades, labs: pd.DataFrame) -> tuple[str, ...]:
    """Name the analytes without laboratory criteria, in the data's own words where it has them."""
    if not grades.not_covered:
        return ()
    words = labs.drop_duplicates("PARAMCD").set_index("PARAMCD")
    names = [str(words["PARAM"].get(code, code)) if "PARAM" in words else code for code in grades.not_covered]
    return (f"CTCAE has no laboratory criteria for {', '.join(names)}.",)
