"""The declared threshold search is called post hoc wherever it is shown, and pays for the search."""

from __future__ import annotations

from tests.unit.analyze.declared.declared_trial import IVORY, find, section

FEWER = IVORY.replace("seed = 61", "seed = 61\npermutations = 500\nbootstraps = 200")


def test_threshold_is_called_post_hoc_in_words_heading_and_figure() -> None:
    finding = find("threshold_hs_crp", FEWER)
    shown = section(finding)
    assert finding.sentences[0].startswith("Post hoc threshold")
    assert "post hoc" in shown.title
    assert shown.figures[0].title.startswith("Post hoc")
    assert "post hoc" in shown.tables[0].title
    assert finding.p_values == ()


def test_search_costs_more_than_a_cut_named_in_advance() -> None:
    best = find("threshold_hs_crp", FEWER).tables["best"].iloc[0]
    assert best["p_value"] > best["p_unadjusted"]
    assert best["lower"] <= best["cut"] <= best["upper"]


def test_search_repeats_with_its_seed() -> None:
    first, again = (find("threshold_hs_crp", FEWER).sentences for _ in range(2))
    assert first == again
    other = find("threshold_hs_crp", FEWER.replace("seed = 61", "seed = 62")).tables["best"].iloc[0]
    assert other["p_value"] != find("threshold_hs_crp", FEWER).tables["best"]["p_value"].iloc[0]
