"""weft puts what many devices recorded on one clock, and says how sure it is."""
