"""The next trial's biomarker gate: whom to enroll, how many, how long, how likely to succeed; and its protocol."""
