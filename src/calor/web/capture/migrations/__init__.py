"""How the tables of captured data came to be."""
