"""A trial folder on disk: its steps, which are stale, running them, provenance."""
