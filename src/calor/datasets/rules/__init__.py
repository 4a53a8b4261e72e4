"""What trial data must keep to, one group of rules a file."""
