"""Two real talking faces, decoded once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from weft.core import ArraySamples, ListedTimeline, Modality, Stream

GRID = Path(__file__).resolve().parents[2] / "data" / "grid"


def decode_video(path: Path, clock: str = "cam") -> Stream:
    """All frames of a small clip with the times of its container."""
    import av

    with av.open(str(path)) as container:
        frames = [(round(frame.time * 1e9), frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    times_ns = np.array([t_ns for t_ns, _ in frames], dtype=np.int64)
    images = np.array([image for _, image in frames])
    return Stream(f"{clock}/video", Modality.VIDEO, clock, ListedTimeline(times_ns), ArraySamples(images))


@pytest.fixture(scope="session")
def man() -> Stream:
    """A man with glasses, frontal, closed mouth at the end."""
    pytest.importorskip("ai_edge_litert", reason="needs the extra 'face'")
    return decode_video(GRID / "lbax4n.mpg")


@pytest.fixture(scope="session")
def other_man() -> Stream:
    """Another person."""
    pytest.importorskip("ai_edge_litert", reason="needs the extra 'face'")
    return decode_video(GRID / "brbk7n.mpg")
