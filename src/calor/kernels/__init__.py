"""Numba on float arrays: no trial words, no tables, no errors."""
