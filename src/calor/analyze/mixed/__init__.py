"""Linear models for repeated measures: covariance structures, restricted likelihood, small-sample inference."""
