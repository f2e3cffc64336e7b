"""Shipped builders of recordings with known truth, and the contracts that readers keep."""
