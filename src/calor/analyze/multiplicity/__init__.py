"""Several hypotheses or several trials: adjusted p-values, combinations, meta-analysis."""
