"""Files of every kind, each read by one file behind one protocol."""
