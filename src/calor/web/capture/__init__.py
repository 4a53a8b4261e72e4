"""What is captured while the trial runs: consent, eligibility, visits, values, events, queries, alerts."""
