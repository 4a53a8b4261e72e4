"""Time to event: curves, tests, hazards, competing risks, recurrent events, hierarchical composites."""
