"""One solution for all clocks from evidence of every kind."""
