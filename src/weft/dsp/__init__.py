"""Arrays in, arrays out: no noun, no file, no clock."""
