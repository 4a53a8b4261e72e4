"""One figure per file; each takes tidy tables and returns a `Figure`."""
