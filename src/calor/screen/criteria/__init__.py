"""One criterion per file: what it counts in the staged rows, and the answer that follows."""
