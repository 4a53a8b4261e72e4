"""What an SUV is normalized to: body weight, lean body mass, ideal weight, body surface.

Sex "O" takes the mean of the two sexes' formulas, as the reference objects of the Image Biomarker Standardisation
Initiative do; any other value than M, F and O is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from calor.errors import ImageError
from calor.image.header_values import name_of

WEIGHT_KG = (1.0, 400.0)
HEIGHT_CM = (30.0, 250.0)
_HEIGHT = f"height_cm, {name_of('PatientSize')},"


def lean_body_mass_james(weight_kg: float, height_cm: float, sex: str, *, male_multiplier: float = 128.0) -> float:
    """Return lean body mass after James [kg].

    DICOM's `LBMJAMES128` has 128 in the men's formula, its older `LBM` (Morgan) has 120; the women's are the same.

    >>> round(lean_body_mass_james(70, 175, "M"), 2), round(lean_body_mass_james(70, 175, "F"), 2)
    (56.52, 51.22)

    Raises:
        ImageError: Weight, height or sex is missing or implausible, or the formula's parabola has turned negative.

    Reference:
        James, Research on obesity, HMSO 1976; Tahari et al., J Nucl Med 2014;55:1481-1484.
    """
    weight, height = body(weight_kg, height_cm)
    ratio = (weight / height) ** 2
    mass = _by_sex(sex, 1.10 * weight - male_multiplier * ratio, 1.07 * weight - 148.0 * ratio)
    if mass <= 0:
        raise ImageError.must(
            "lean body mass",
            "be positive",
            f"{mass:.1f} kg",
            fix="James' formula fails in great obesity: use LBMJANMA.",
        )
    return mass


def lean_body_mass_janmahasatian(weight_kg: float, height_cm: float, sex: str) -> float:
    """Return lean body mass after Janmahasatian [kg].

    >>> round(lean_body_mass_janmahasatian(70, 175, "M"), 2)
    55.86

    Raises:
        ImageError: Weight, height or sex is missing or implausible.

    Reference:
        Janmahasatian et al., Clin Pharmacokinet 2005;44:1051-1065.
    """
    weight, height = body(weight_kg, height_cm)
    index = weight / (height / 100) ** 2
    return _by_sex(sex, 9270 * weight / (6680 + 216 * index), 9270 * weight / (8780 + 244 * index))


def ideal_body_weight(height_cm: float, sex: str) -> float:
    """Return ideal body weight [kg].

    >>> round(ideal_body_weight(175, "O"), 3)
    69.405

    Raises:
        ImageError: Height or sex is missing or implausible, or too small for the formula.

    Reference:
        Sugawara et al., Radiology 1999;213:521-525.
    """
    height = _within(_HEIGHT, height_cm, HEIGHT_CM)
    weight = _by_sex(sex, 48.0 + 1.06 * (height - 152), 45.5 + 0.91 * (height - 152))
    if weight <= 0:
        raise ImageError.must("ideal weight", "be positive", f"{weight:.1f} kg", fix="Use body weight for this height.")
    return weight


def body_surface_area(weight_kg: float, height_cm: float) -> float:
    """Return body surface area after Du Bois [m2].

    >>> round(body_surface_area(70, 175), 4)
    1.8481

    Raises:
        ImageError: Weight or height is missing or implausible.

    Reference:
        Du Bois and Du Bois, Arch Intern Med 1916;17:863-871.
    """
    weight, height = body(weight_kg, height_cm)
    return float(0.007184 * weight**0.425 * height**0.725)


Mass = Callable[[float, float, str], float]
MASSES: dict[str, Mass] = {
    "LBM": lambda weight, height, sex: lean_body_mass_james(weight, height, sex, male_multiplier=120.0),
    "LBMJAMES128": lean_body_mass_james,
    "LBMJANMA": lean_body_mass_janmahasatian,
    "IBW": lambda _weight, height, sex: ideal_body_weight(height, sex),
}
"""Mass [kg] of each DICOM SUV Type (0054,1006) but BW, from weight [kg], height [cm] and sex."""


def body_weight(weight_kg: float | None) -> float:
    """Return a weight that a person can have [kg]; a missing one is never replaced.

    >>> body_weight(70)
    70.0

    Raises:
        ImageError: The weight is missing, zero or implausible.
    """
    return _within(f"weight_kg, {name_of('PatientWeight')},", weight_kg, WEIGHT_KG)


def body(weight_kg: float | None, height_cm: float | None) -> tuple[float, float]:
    """Return a weight [kg] and a height [cm] that a person can have.

    >>> body(70, 175)
    (70.0, 175.0)

    Raises:
        ImageError: One is missing, zero or implausible.
    """
    return body_weight(weight_kg), _within(_HEIGHT, height_cm, HEIGHT_CM)


def _within(name: str, value: float | None, limits: tuple[float, float]) -> float:
    if value is None or not math.isfinite(value) or not limits[0] <= value <= limits[1]:
        raise ImageError.must(
            name, f"lie between {limits[0]:g} and {limits[1]:g}", value, fix="Enter what was measured at the scan."
        )
    return float(value)


def _by_sex(sex: str, male: float, female: float) -> float:
    values = {"M": male, "F": female, "O": (male + female) / 2}
    if sex not in values:
        raise ImageError.must(
            f"sex, {name_of('PatientSex')},", "be M, F or O", repr(sex), fix="Give the sex or use body-weight SUV."
        )
    return values[sex]
