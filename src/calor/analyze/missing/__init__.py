"""What to do about values that were not observed, tied to the estimand's strategy for intercurrent events."""
