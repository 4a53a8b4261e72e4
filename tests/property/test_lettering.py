"""Whatever the text and the room, wrapping loses nothing and keeps within the room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from calor.report.lettering import text_width_px, wrap

TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")) | st.just(" "), max_size=60)
ROOMS_PX = st.floats(20, 300)


@given(TEXTS, ROOMS_PX, st.booleans(), st.booleans())
def test_every_line_fits(text: str, room_px: float, bold: bool, even: bool) -> None:
    for line in wrap(text, room_px, 12, bold=bold, even=even):
        assert text_width_px(line, 12, bold=bold) <= room_px


@given(TEXTS, ROOMS_PX, st.booleans())
def test_no_character_is_lost(text: str, room_px: float, even: bool) -> None:
    assert "".join(wrap(text, room_px, 12, even=even)).replace(" ", "") == text.replace(" ", "")


@given(TEXTS, ROOMS_PX)
def test_evening_out_takes_no_further_line(text: str, room_px: float) -> None:
    assert len(wrap(text, room_px, 12, even=True)) == len(wrap(text, room_px, 12))
