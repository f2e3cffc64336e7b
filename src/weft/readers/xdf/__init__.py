"""LSL recordings."""
