"""Datasets as training reads them."""

from weft.loaders.torch import collate, to_torch

__all__ = ["collate", "to_torch"]
