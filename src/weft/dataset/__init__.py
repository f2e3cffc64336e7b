"""Versioned datasets: tables, versions, links to the originals, exports."""
