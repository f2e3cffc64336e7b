"""Each unit answers to its own movement; confidence falls with a bad view."""

from __future__ import annotations

import numpy as np
import pytest

from weft.faces import FaceTrack, action_units
from weft.faces.action_units import FORMULAS
from weft.faces.track import COLUMNS

REST = {"eye_open_right": 0.32, "eye_open_left": 0.32, "face_width_px": 150.0}


def _track(frames: int = 100, **movements: tuple[float, ...] | float) -> FaceTrack:
    """A resting face; each movement is added in the last tenth of the frames."""
    measures = np.zeros((frames, len(COLUMNS)), dtype=np.float32)
    for name, value in REST.items():
        measures[:, COLUMNS.index(name)] = value
    for name, change in movements.items():
        measures[-(frames // 10) :, COLUMNS.index(name)] += np.float32(change)
    times_ns = np.arange(frames, dtype=np.int64) * 40_000_000
    return FaceTrack(3, times_ns, measures, np.zeros((frames, 4), np.float32), np.ones(frames, np.float32))


@pytest.mark.parametrize(
    ("unit", "movements"),
    [
        ("AU01", {"brow_inner_height": 0.13}),
        ("AU02", {"brow_outer_height": 0.13}),
        ("AU04", {"brow_inner_height": -0.08, "brow_distance": -0.05}),
        ("AU10", {"upper_lip_height": -0.09}),
        ("AU12", {"lip_corner_height": 0.12, "mouth_width": 0.18}),
        ("AU15", {"lip_corner_height": -0.12}),
        ("AU18", {"mouth_width": -0.22}),
        ("AU20", {"mouth_width": 0.2}),
        ("AU25", {"mouth_gap": 0.3}),
        ("AU26", {"jaw_drop": 0.3}),
        ("AU27", {"jaw_drop": 0.4, "mouth_gap": 0.4}),
        ("AU45", {"eye_open_right": -0.2, "eye_open_left": -0.2}),
    ],
)
def test_a_unit_reaches_full_intensity_with_its_own_movement_and_is_zero_at_rest(
    unit: str, movements: dict[str, float]
) -> None:
    units = action_units(_track(**movements))
    column = units.names.index(unit)
    assert units.values[-1, column] == pytest.approx(5.0, abs=0.05)
    assert units.values[0].max() == 0


def test_intensity_never_leaves_its_scale() -> None:
    units = action_units(_track(mouth_gap=9.0, jaw_drop=-9.0))
    assert 0 <= units.values.min() <= units.values.max() <= 5


def test_confidence_is_the_units_own_on_a_good_view() -> None:
    units = action_units(_track())
    np.testing.assert_allclose(units.confidence[0], [formula.confidence for formula in FORMULAS], rtol=1e-6)
    assert units.confidence.max() < 0.7
    assert units.track_id == 3
    assert len(units) == 100


@pytest.mark.parametrize(
    "movements",
    [{"yaw_deg": 45.0}, {"face_width_px": -120.0}],
    ids=["turned away", "small"],
)
def test_confidence_falls_with_a_bad_view(movements: dict[str, float]) -> None:
    units = action_units(_track(**movements))
    assert np.all(units.confidence[-1] < 0.4 * units.confidence[0])


def test_a_face_seen_briefly_earns_little_confidence() -> None:
    assert action_units(_track(frames=11)).confidence.max() < 0.2


def test_only_the_asked_units_are_computed() -> None:
    units = action_units(_track(), formulas=FORMULAS[:2])
    assert units.names == ("AU01", "AU02")
