"""What the choice of the next trial's biomarker gate starts from: every assumption has its key and its place."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from calor.protocol.value import Identifier, Probability, Text, Value

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
DesignName = Literal["gated", "stratified", "adaptive", "two_endpoint"]
BeliefName = Literal["flat", "winners_curse", "sceptical"]


class MarkerWindow(Value):
    """A time after infarction in which candidates can be tested and enrolled, and how the marker behaves there.

    Attributes:
        days: First and last day after infarction, both included.
        median: Of one test among all candidates, in the biomarker's unit.
        log_sd: SD of the logarithm of one test, between persons and within a person together.
        icc: Share of that variance that is the person's own long-term level.
        outcome_trials: Published trials (`calor.gate.outcome_rates`) whose control event rate holds here.
        link_factor: Times the link to events, if treatment begins in this window: what an early or a late start does.
        link_log_sd: SD of its logarithm; what nobody knows of it.
    """

    id: Identifier
    days: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]
    median: Positive
    log_sd: Positive
    icc: Annotated[float, Field(gt=0, lt=1)]
    outcome_trials: tuple[Identifier, ...] = Field(min_length=1)
    link_factor: Positive = 1.0
    link_log_sd: Annotated[float, Field(ge=0)] = 0.0


class GateGrid(Value):
    """The gates that are compared: every cut-off with one test, and with two at each interval, in each window."""

    cutoffs: tuple[Positive, ...] = Field(min_length=1)
    tests: tuple[Annotated[int, Field(ge=1, le=4)], ...] = (1, 2)
    interval_days: tuple[Annotated[int, Field(ge=1)], ...] = (14,)
    designs: tuple[DesignName, ...] = ("gated", "stratified", "adaptive", "two_endpoint")


class EffectSource(Value):
    """Where the effect on inflammation comes from, and how far it is believed.

    Attributes:
        analysis: Interaction analysis of the finished trial.
        window: Window of `windows` in which the finished trial took the marker.
        belief: Posterior by which gates are ranked; the others are shown beside it.
        sceptical_sd: SD of the sceptical prior of the average effect, centered at none, in the endpoint's unit.
    """

    analysis: Identifier
    window: Identifier
    belief: BeliefName = "winners_curse"
    sceptical_sd: Positive


class EventLink(Value):
    """How a change of inflammation becomes a hazard ratio of events; it may not at all.

    Attributes:
        probability_none: Probability that the effect on inflammation does nothing to events.
        effect: An effect on inflammation, in the unit of the finished trial's endpoint.
        hazard_ratio: Of events that goes with it where the link acts.
        log_sd: SD of the logarithm of the link's strength.
    """

    probability_none: Share
    effect: float
    hazard_ratio: Annotated[float, Field(gt=0, lt=1)]
    log_sd: Annotated[float, Field(ge=0)]


class Prognosis(Value):
    """How control's event rate rises with the marker, and how surely the published rates hold here.

    Attributes:
        hazard_ratio_per_sd: Per SD of one test in the reference window.
        log_sd: SD of its logarithm.
        rate_log_sd: SD of the logarithm of the rate at a given marker.
        death_per_year: Share who die in a year of what is not part of the endpoint, which ends their follow-up.
    """

    hazard_ratio_per_sd: Positive
    log_sd: Annotated[float, Field(ge=0)] = 0.0
    rate_log_sd: Annotated[float, Field(ge=0)] = 0.0
    death_per_year: Annotated[float, Field(ge=0, lt=1)] = 0.0


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


class Sensitivity(Value):
    """What is moved to see how far the choice holds: each pair is a worse and a better value.

    Attributes:
        link_hazard_ratio: Of `link`.
        probability_none: Of `link`.
        icc: Of the gate's window.
        effect_slope: Times the finished trial's.
        event_rate: Times the published one.
        recruitment: Times `candidates_per_site_month`.
        death: Times `death_per_year`.
        assay_log_sd: Error of the assay itself on the log scale, which a perfect assay would take away.
        more_participants: Of a finished trial that went on, for the value of that information.
    """

    link_hazard_ratio: tuple[Positive, Positive]
    probability_none: tuple[Share, Share]
    icc: tuple[Probability, Probability]
    effect_slope: tuple[float, float] = (0.0, 1.5)
    event_rate: tuple[Positive, Positive] = (0.75, 1.25)
    recruitment: tuple[Positive, Positive] = (0.6, 1.3)
    death: tuple[Positive, Positive] = (2.0, 0.5)
    assay_log_sd: Annotated[float, Field(ge=0)] = 0.05
    more_participants: Annotated[int, Field(ge=4)] = 30


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


class StatedSource(Value):
    """Where a stated value comes from.

    Attributes:
        of: A part of `[gate_design]` (`persistent_from`), one of its values (`link.hazard_ratio`) or a window
            (`windows.month_one`).
        source: Publication, or what else it rests on.
    """

    of: Text
    source: Text


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
