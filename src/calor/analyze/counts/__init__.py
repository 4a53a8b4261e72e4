"""Events counted: proportions and rates, exact where few."""
