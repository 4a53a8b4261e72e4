"""Boundaries, spending, power and sample size, closed testing, graphs."""
