"""Virtual participants through the same analysis that real ones get."""
