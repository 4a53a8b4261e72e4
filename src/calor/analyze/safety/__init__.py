"""Adverse events and laboratory values."""
