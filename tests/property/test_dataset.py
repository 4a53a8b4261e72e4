"""Laws of the dataset formats."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calor.datasets.dataset import SUFFIXES, Dataset, read, write

TEXT = st.one_of(
    st.none(),
    st.sampled_from(
        ["Placebo", "701", "007", "", "<0.2", "1e5", "2021-03-01", 'said "no"', "a,b", "two\nlines", " x", "NA", "."]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
)
NUMBER = st.one_of(
    st.none(),
    st.integers(-(10**9), 10**9).map(float),
    st.floats(-1e70, 1e70).filter(lambda x: x == 0 or abs(x) > 1e-70),
)
DATE = st.one_of(st.none(), st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)))
DATETIME = st.one_of(
    st.none(),
    st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1)).map(lambda t: t.replace(microsecond=0)),  # noqa: DTZ001
)
COLUMNS = {
    "USUBJID": TEXT,
    "SITEID": TEXT,
    "AVALC": TEXT,
    "AVAL": NUMBER,
    "TRTPN": NUMBER,
    "ADT": DATE,
    "ADTM": DATETIME,
}


@st.composite
def adam(draw: st.DrawFn) -> pd.DataFrame:
    """A table of ADaM-like columns, any of them, with any missing, at least one of them a number."""
    names = [*draw(st.lists(st.sampled_from(list(COLUMNS)), unique=True)), "AGE"]
    rows = draw(st.integers(0, 6))
    made = {name: draw(st.lists(COLUMNS.get(name, NUMBER), min_size=rows, max_size=rows)) for name in names}
    typed = {}
    for name, values in made.items():
        kind = "str" if COLUMNS.get(name) is TEXT else "datetime64[s]" if name.startswith("ADT") else "float64"
        column = pd.Series(values, dtype=object)
        typed[name] = pd.to_datetime(column).astype(kind) if name.startswith("ADT") else column.astype(kind)
    return pd.DataFrame(typed)


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(frame=adam())
def test_every_format_gives_back_the_frame_it_was_given(suffix: str, frame: pd.DataFrame) -> None:
    labels = {name: f"Label of {name}" for name in frame.columns}
    given_ = Dataset("ADLB", frame, labels, "Laboratory")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"adlb{suffix}"
        write(given_, path)
        back = read(path)
    pd.testing.assert_frame_equal(back.frame, given_.frame, check_exact=True)
    assert back.name == "ADLB"
    if suffix != ".csv":
        assert back.labels == labels
        assert back.label == "Laboratory"


@given(frame=adam())
def test_settling_a_settled_frame_changes_nothing(frame: pd.DataFrame) -> None:
    once = Dataset("ADLB", frame, {})
    again = Dataset("ADLB", once.frame, {})
    pd.testing.assert_frame_equal(once.frame, again.frame, check_exact=True)
    assert once.sha256 == again.sha256
