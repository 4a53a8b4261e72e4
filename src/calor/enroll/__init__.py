"""Allocation of arms: permuted blocks, minimization, biased coins, and how well each can be guessed."""
