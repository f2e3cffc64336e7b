"""A network that heard people speak in step with their mouths, as a source of evidence."""
