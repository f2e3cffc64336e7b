"""Tables with a time column, and what dialects of them build on."""
