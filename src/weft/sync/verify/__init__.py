"""What can be checked of an alignment without knowing the truth."""
