"""Two answers about the same lips: one is chosen, the other checks it."""

from __future__ import annotations

import numpy as np
import pytest

from weft.core import Evidence
from weft.sync.face.joint import choose_one


def answer(method: str, verdict: str, offset_ms: float) -> list[Evidence]:
    """One method's evidence."""
    details = {"verdict": verdict, "reasons": [] if verdict == "sure" else ["too short"]}
    offsets_ns = np.array([round(offset_ms * 1e6)])
    return [Evidence("cam", "mic", np.array([0]), offsets_ns, np.array([5e6]), method, details=details)]


@pytest.mark.parametrize(
    ("learned", "hand_made", "chosen"),
    [
        ("sure", "sure", "learned"),
        ("weak", "sure", "audio_face"),
        ("weak", "weak", "learned"),
        ("sure", "weak", "learned"),
    ],
)
def test_a_sure_answer_comes_first_then_the_learned(learned: str, hand_made: str, chosen: str) -> None:
    (best,) = choose_one(answer("learned", learned, 12), answer("audio_face", hand_made, 20))
    assert best.method == chosen
    assert best.details["other"]["apart_ms"] == (8.0 if chosen == "learned" else -8.0)
    assert best.systematic_sd_ns == 0


def test_sure_answers_that_contradict_each_other_are_weak_and_as_unsure_as_they_differ() -> None:
    (best,) = choose_one(answer("learned", "sure", 0), answer("audio_face", "sure", 400))
    assert best.details["verdict"] == "weak"
    assert "400 ms apart" in best.details["reasons"][-1]
    assert best.systematic_sd_ns == pytest.approx(400e6)


def test_where_one_finds_nothing_the_other_stands() -> None:
    one = answer("audio_face", "sure", 0)
    assert choose_one([], one) == one == choose_one(one, [])
    assert choose_one([], []) == []
