"""What the choice of the next trial's biomarker gate starts from: what is compared, what it costs, how it is tested."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from calor.protocol.gate_beliefs import EffectSource, EventLink, MarkerWindow, Prognosis, Sensitivity, StatedSource
from calor.protocol.value import Identifier, Positive, Probability, Text, Value

DesignName = Literal["gated", "stratified", "adaptive", "two_endpoint"]


class GateGrid(Value):
    """The gates that are compared: every cut-off with one test, and with two at each interval, in each window."""

    cutoffs: tuple[Positive, ...] = Field(min_length=1)
    tests: tuple[Annotated[int, Field(ge=1, le=4)], ...] = Field((1, 2), min_length=1)
    interval_days: tuple[Annotated[int, Field(ge=1)], ...] = Field((14,), min_length=1)
    designs: tuple[DesignName, ...] = Field(("gated", "stratified", "adaptive", "two_endpoint"), min_length=1)


class Recruitment(Value):
    """Where participants come from.

    Attributes:
        source: `stated` takes `candidates_per_site_month` and the windows as written; `records` counts candidates at
            the site of `[screening]`, and fits the marker of the window in which it screens.
        candidates_per_site_month: With an infarction and meeting all but the gate.
        consent: Share of those who pass that take part.
        complete: Share of candidates with every test that they should have.
        ramp_months: Over which a site's rate rises from nothing.
        capacity_per_month: Most participants that all sites can randomize in a month.
    """

    source: Literal["stated", "records"] = "stated"
    sites: Annotated[int, Field(ge=1)]
    candidates_per_site_month: Positive
    consent: Annotated[float, Field(gt=0, le=1)] = 1.0
    complete: Annotated[float, Field(gt=0, le=1)] = 1.0
    ramp_months: Annotated[float, Field(ge=0)] = 0.0
    capacity_per_month: Positive


class Costs(Value):
    """Costs in one currency unit of the team's choice, and what success is worth in the same unit."""

    unit: Text
    site: Annotated[float, Field(ge=0)] = 0.0
    month: Annotated[float, Field(ge=0)] = 0.0
    test: Annotated[float, Field(ge=0)] = 0.0
    scan: Annotated[float, Field(ge=0)] = 0.0
    participant: Annotated[float, Field(ge=0)] = 0.0
    success: Positive


class TrialLimits(Value):
    """What the next trial may take at most, and the least power worth having; months count to the answer."""

    participants: Annotated[int, Field(ge=10)]
    months: Positive
    cost: Positive
    least_power: Probability = 0.8


class NextTest(Value):
    """How the next trial is tested, and followed.

    Attributes:
        alpha: One-sided.
        power: Aimed at if the effect is as believed and the link acts.
        looks: Information fractions; O'Brien-Fleming spending. The adaptive design decides at the first, and has no
            other but the last.
        follow_up_months: Least follow-up of a participant.
        dropout_per_year: Share lost in a year.
        restrict_beyond: Adaptive design: by how much the biomarker-positive log hazard ratio must be better for the
            full population to be dropped.
        biomarker_participants: Two-endpoint design: first participants in whom the biomarker is compared.
        biomarker_sd: SD of the biomarker endpoint given its baseline.
        biomarker_alpha: One-sided level at which the biomarker must move for the trial to go on.
        biomarker_months: From randomization to the biomarker's reading.
    """

    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.025
    power: Probability = 0.9
    looks: tuple[Annotated[float, Field(gt=0, le=1)], ...] = (0.5, 1.0)
    follow_up_months: Positive
    dropout_per_year: Annotated[float, Field(ge=0, lt=1)] = 0.0
    restrict_beyond: Annotated[float, Field(ge=0)] = 0.1
    biomarker_participants: Annotated[int, Field(ge=4)]
    biomarker_sd: Positive
    biomarker_alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.1
    biomarker_months: Positive


class Effort(Value):
    """How much is computed.

    Attributes:
        seed: Of every random number.
        draws: Worlds drawn from what is believed.
        trials: Most trials of a stratified or adaptive design in each world.
        target_se: Monte Carlo SE aimed at for such a design's assurance, from which its trials follow.
        confirmed: Options of the front that are simulated participant by participant.
        confirm_trials: Trials of each of them.
    """

    seed: Annotated[int, Field(ge=0)]
    draws: Annotated[int, Field(ge=100)] = 2000
    trials: Annotated[int, Field(ge=10)] = 200
    target_se: Positive = 0.001
    confirmed: Annotated[int, Field(ge=1)] = 6
    confirm_trials: Annotated[int, Field(ge=100)] = 2000


class NextTrial(Value):
    """Names in the next trial's protocol.

    Attributes:
        id: Of the next trial.
        title: Of the next trial.
        endpoint: Its clinical endpoint, in words.
        keep: Eligibility criteria of the finished trial that stay; those of infarction and gate are written anew.
    """

    id: Identifier
    title: Text
    endpoint: Text
    keep: tuple[Identifier, ...] = ()


class GateDesign(Value):
    """What the choice of the next trial's gate starts from.

    Attributes:
        sources: Where stated values come from; one without is the team's own assumption.
        reference_window: Window whose marker is the long-term one that prognosis and true positives refer to.
        persistent_from: A candidate whose long-term marker is at least this is a true positive.
    """

    windows: tuple[MarkerWindow, ...] = Field(min_length=1)
    reference_window: Identifier
    persistent_from: Positive
    grid: GateGrid
    effect: EffectSource
    link: EventLink
    prognosis: Prognosis
    recruitment: Recruitment
    costs: Costs
    limits: TrialLimits
    test: NextTest
    sensitivity: Sensitivity
    effort: Effort
    next_trial: NextTrial
    sources: tuple[StatedSource, ...] = ()

    def window(self, name: str) -> MarkerWindow:
        """Return the window with this id; the protocol's checks have seen that there is one."""
        return next(window for window in self.windows if window.id == name)
