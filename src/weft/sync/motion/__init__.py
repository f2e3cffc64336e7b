"""Motion against motion: what moved together was turned, pushed and seen moving at the same time."""
