"""The report that says what can be trusted."""
