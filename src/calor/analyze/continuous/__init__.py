"""Continuous endpoints at one visit: covariate adjustment, ranks, dose."""
