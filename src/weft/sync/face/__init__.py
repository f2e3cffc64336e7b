"""A talking face against another clock's sound."""
