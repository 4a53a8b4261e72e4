"""Estimand and data in, estimate out. One file, one method."""
