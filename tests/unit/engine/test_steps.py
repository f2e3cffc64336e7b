"""Receipts: equal work is done once, damaged receipts are done again."""

from __future__ import annotations

from pathlib import Path

import pytest

from weft.engine import StepCache, step_key

BASE = {"name": "align", "code": "1", "inputs": ["a", "b"], "options": {"budget_ms": 80.0}}


@pytest.mark.parametrize(
    "change",
    [{"name": "context"}, {"code": "2"}, {"inputs": ["b", "a"]}, {"inputs": ["ab"]}, {"options": {"budget_ms": 40.0}}],
    ids=["name", "code", "order of inputs", "joined inputs", "options"],
)
def test_every_part_of_the_work_is_in_its_key(change: dict) -> None:
    def key(parts: dict) -> str:
        return step_key(parts["name"], code=parts["code"], inputs=parts["inputs"], options=parts["options"])

    assert key({**BASE, **change}) != key(BASE)
    assert key(dict(reversed(BASE.items()))) == key(BASE)


def test_a_step_is_done_once(tmp_path: Path) -> None:
    cache, calls = StepCache(tmp_path / "receipts"), []

    def work() -> dict:
        calls.append(1)
        return {"rows": (1, 2)}

    assert [cache.remember("ab" * 32, work) for _ in range(3)] == [{"rows": [1, 2]}] * 3
    assert len(calls) == 1


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b"\xff"])
def test_a_damaged_receipt_counts_as_none(tmp_path: Path, damage: bytes) -> None:
    cache = StepCache(tmp_path / "receipts")
    cache.put("ab" * 32, {"rows": 1})
    next((tmp_path / "receipts").rglob("*.json")).write_bytes(damage)
    assert cache.get("ab" * 32) is None
    assert cache.remember("ab" * 32, lambda: {"rows": 2}) == {"rows": 2}
