"""Datasets as training reads them."""
