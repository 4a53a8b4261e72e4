"""Where an interim estimate meets a boundary."""
