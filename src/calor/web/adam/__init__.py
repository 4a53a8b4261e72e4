"""ADaM datasets from captured data, as far as these go: subjects, laboratory values, events, medication."""
