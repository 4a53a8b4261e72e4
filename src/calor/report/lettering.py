"""How wide a line of text is, and where to break it, before anything is drawn.

A box must be sized before its text is rendered, and a reader's browser may lack our first font. Widths are therefore
those of Helvetica (Adobe font metrics), which Arial and Liberation Sans share, plus slack for a wider fallback; signs
of arithmetic, which fallbacks draw much wider, have more.
"""

from __future__ import annotations

# Advance widths in thousandths of the font size, each followed by the characters that have it.
_ADVANCES = {
    191: "'",
    222: "ijl",
    260: "|",
    278: " \u00a0!,./:;I[\\]ft",
    333: "()-`r",
    334: "{}",
    355: '"',
    389: "*",
    469: "^",
    500: "Jcksvxyz",
    556: "#$0123456789?L_abdeghnopqu–",
    700: "+<=>~−±×≥≤",
    611: "FTZ",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1015: "@",
}
_WIDTH = {character: width / 1000 for width, characters in _ADVANCES.items() for character in characters}
_SLACK = 1.08
_BOLD = 1.08


def text_width_px(text: str, size_px: float, *, bold: bool = False) -> float:
    """Return the room a line of text needs, with slack for a wider fallback font.

    >>> round(text_width_px("Randomized", 10), 1)
    60.6
    """
    # An unknown character is taken as a full em: too much room is harmless, too little is not.
    ems = sum(_WIDTH.get(character, 1.0) for character in text)
    return ems * size_px * _SLACK * (_BOLD if bold else 1.0)


def wrap(text: str, width_px: float, size_px: float, *, bold: bool = False, even: bool = False) -> list[str]:
    """Break text into lines that fit, between words where possible and within a word where not.

    Args:
        text: What to break; a no-break space keeps its words together.
        width_px: Room for a line.
        size_px: Font size.
        bold: Whether it is set bold.
        even: Whether the lines are to be about equally long, so that no word is left alone on the last.

    >>> wrap("Declined to take part", 70, 12)
    ['Declined to', 'take part']
    """
    lines = _filled(text, width_px, size_px, bold)
    if not even or len(lines) == 1:
        return lines
    # Below half the room there would be more lines anyway, unless every character already has its own.
    for percent in range(98, 48, -2):
        tighter = _filled(text, width_px * percent / 100, size_px, bold)
        if len(tighter) > len(lines):
            break
        lines = tighter
    return lines


def _filled(text: str, width_px: float, size_px: float, bold: bool) -> list[str]:
    """Fill line after line."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if text_width_px(longer, size_px, bold=bold) <= width_px:
            lines[-1] = longer
            continue
        pieces = _pieces(word, width_px, size_px, bold)
        lines = (lines if lines[-1] else []) + pieces
    return lines


def _pieces(word: str, width_px: float, size_px: float, bold: bool) -> list[str]:
    """Cut one word into pieces that fit."""
    pieces = [""]
    for character in word:
        if pieces[-1] and text_width_px(pieces[-1] + character, size_px, bold=bold) > width_px:
            pieces.append("")
        pieces[-1] += character
    return pieces
