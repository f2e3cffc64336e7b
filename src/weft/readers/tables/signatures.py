"""By what bytes and suffixes a table is known; light, so that asking costs nothing."""

from __future__ import annotations

PARQUET_MARK, ARROW_MARK, FEATHER_1_MARK = b"PAR1", b"ARROW1", b"FEA1"
TEXT_SUFFIXES = frozenset({".csv", ".tsv", ".tab", ".psv", ".txt", ".dat", ".log"})
JSON_SUFFIXES = frozenset({".jsonl", ".ndjson"})
ARROW_SUFFIXES = frozenset({".parquet", ".pq", ".feather", ".arrow", ".ipc"})
