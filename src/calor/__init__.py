"""Calor: biomarker-driven anti-inflammatory therapy after myocardial infarction, from records to the next protocol."""

__version__ = "0.1.0"
