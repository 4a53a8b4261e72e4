"""What a compressed frame says of its own size, read before it is decoded: a small file may claim a huge picture."""

from __future__ import annotations

import struct

from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import RLELossless

from calor.errors import ImageError

_JPEG_2000 = b"\xff\x4f\xff\x51"
_JPEG = b"\xff\xd8"
_NO_FRAME = {0xC4, 0xC8, 0xCC}
"""Markers from C0 to CF that hold tables, not a frame."""


def check_frames(dataset: Dataset, size: int, frames: int) -> None:
    """Refuse compressed frames whose own header differs from the data set's, or that would unpack to more.

    Args:
        dataset: With compressed pixel data.
        size: Bytes of all frames, unpacked, by the data set's header.
        frames: How many there are.

    Raises:
        ImageError: A frame claims another size, is of a kind that cannot be checked, or has no size at all.
    """
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    for frame in generate_frames(dataset.PixelData, number_of_frames=frames):
        if dataset.file_meta.TransferSyntaxUID == RLELossless:
            # Run lengths unpack to at most 64 times themselves, and never need much more than what they pack.
            if len(frame) > 1.1 * size / frames + 1024:
                raise _refused(f"hold about {size // frames} bytes", len(frame))
        elif (found := frame_size(frame)) != (rows, columns):
            raise _refused(f"be {rows} x {columns}", "without a size" if found is None else f"{found[0]} x {found[1]}")


def frame_size(frame: bytes) -> tuple[int, int] | None:
    r"""Return rows and columns that a JPEG, JPEG-LS or JPEG 2000 frame claims; None where it says nothing.

    >>> frame_size(b"\xff\xd8\xff\xf7" + struct.pack(">HBHH", 11, 16, 128, 64))
    (128, 64)
    >>> frame_size(b"GIF89a") is None
    True
    """
    try:
        if _JPEG_2000 in frame[:4096]:
            at = frame.index(_JPEG_2000) + 8
            width, height, left, top = struct.unpack_from(">IIII", frame, at)
            return height - top, width - left
        return _jpeg_size(frame) if frame.startswith(_JPEG) else None
    except struct.error:
        return None


def _jpeg_size(frame: bytes) -> tuple[int, int] | None:
    """Walk the markers to the one that begins the frame."""
    at = 2
    while True:
        lead, marker, length = struct.unpack_from(">BBH", frame, at)
        if lead != 0xFF or marker == 0xDA:
            return None
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in _NO_FRAME):
            rows, columns = struct.unpack_from(">HH", frame, at + 5)
            return rows, columns
        at += 2 + length


def _refused(rule: str, got: object) -> ImageError:
    return ImageError.must("compressed frame", rule, got, fix="Transfer the file again, or remove it.")
