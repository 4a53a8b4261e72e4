"""A trial folder on disk: its steps, which are stale, running them, provenance."""

from calor.trial.run import RunOutcome
from calor.trial.steps import StepOutcome
from calor.trial.trial import Result, Trial, open_trial

__all__ = ["Result", "RunOutcome", "StepOutcome", "Trial", "open_trial"]
