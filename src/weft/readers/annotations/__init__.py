"""What people and aligners wrote down about a recording."""
