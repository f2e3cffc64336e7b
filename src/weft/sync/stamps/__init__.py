"""What stamps say about other clocks."""
