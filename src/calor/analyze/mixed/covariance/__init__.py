"""Covariance structures of one participant's visits, each with its first and second derivatives."""
