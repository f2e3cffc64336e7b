"""Evidence between clocks, one solution for all of them, and reading on the reference clock."""
