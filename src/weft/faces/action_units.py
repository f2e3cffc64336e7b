"""Facial action units estimated from the geometry of the face points.

An action unit (Ekman & Friesen, Facial Action Coding System) is one visible movement.
People code it from wrinkles, bulges and shadows as well as from positions; here only
positions speak, so what comes out is an *estimate relative to the person's own neutral
face* and carries a confidence well below 1. Units that positions cannot show (cheek
raiser 6, nose wrinkler 9, dimpler 14, ...) are left out instead of guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weft.core.times import Int64Array
from weft.faces.track import FaceTrack

Float32Array = NDArray[np.float32]

METHOD = "landmark_geometry"
FULL_INTENSITY = 5.0
"""Intensities run from 0 (not there) to 5 (as strong as it gets), like the letters A to E of the coding system."""

_NEUTRAL_S = 2.0
"""So much of a face has to be seen before its median is taken for its neutral state."""


@dataclass(frozen=True, slots=True)
class UnitFormula:
    """How one unit is read from the measures of ``geometry``.

    The movement is ``sum(weight * (measure - neutral))`` over ``terms``; it counts from
    ``floor`` on and is of full intensity at ``full``.

    Parameters
    ----------
    name
        ``"AU12"``.
    movement
        What the coding system calls it.
    terms
        Measures and weights.
    floor, full
        In the measures' unit: shares of the distance of the outer eye corners, or of the eye's opening.
    confidence
        How far position alone shows this unit on a frontal, large, well-lit face, 0..1: a
        judgement from which cues a coder would need, not a measured hit rate.
    """

    name: str
    movement: str
    terms: tuple[tuple[str, float], ...]
    floor: float
    full: float
    confidence: float


FORMULAS = (
    UnitFormula("AU01", "inner brow raiser", (("brow_inner_height", 1.0),), 0.02, 0.13, 0.45),
    UnitFormula("AU02", "outer brow raiser", (("brow_outer_height", 1.0),), 0.02, 0.13, 0.45),
    UnitFormula("AU04", "brow lowerer", (("brow_inner_height", -1.0), ("brow_distance", -0.5)), 0.02, 0.10, 0.35),
    UnitFormula("AU10", "upper lip raiser", (("upper_lip_height", -1.0),), 0.02, 0.09, 0.25),
    UnitFormula("AU12", "lip corner puller", (("lip_corner_height", 1.0), ("mouth_width", 0.5)), 0.03, 0.20, 0.5),
    UnitFormula("AU15", "lip corner depressor", (("lip_corner_height", -1.0),), 0.03, 0.12, 0.3),
    UnitFormula("AU18", "lip pucker", (("mouth_width", -1.0),), 0.04, 0.22, 0.35),
    UnitFormula("AU20", "lip stretcher", (("mouth_width", 1.0), ("lip_corner_height", -1.0)), 0.04, 0.20, 0.3),
    UnitFormula("AU25", "lips part", (("mouth_gap", 1.0),), 0.02, 0.30, 0.65),
    UnitFormula("AU26", "jaw drop", (("jaw_drop", 1.0),), 0.03, 0.30, 0.55),
    UnitFormula("AU27", "mouth stretch", (("jaw_drop", 1.0), ("mouth_gap", 1.0)), 0.35, 0.80, 0.5),
    UnitFormula("AU45", "blink", (("eye_open_right", -0.5), ("eye_open_left", -0.5)), 0.06, 0.18, 0.6),
)


@dataclass(frozen=True, eq=False)
class ActionUnits:
    """Intensities of ``k`` units over the ``n`` frames of one face.

    Parameters
    ----------
    track_id
        The face.
    times_ns
        On the video's clock, int64 (n).
    names
        ``"AU01"``, ...; k of them.
    values
        0..5, float32 (n, k).
    confidence
        0..1 and always below 0.7, float32 (n, k): the unit's own, less for turned, small,
        uncertain and briefly seen faces.
    """

    track_id: int
    times_ns: Int64Array
    names: tuple[str, ...]
    values: Float32Array
    confidence: Float32Array

    def __len__(self) -> int:
        return len(self.times_ns)


def action_units(track: FaceTrack, *, formulas: tuple[UnitFormula, ...] = FORMULAS) -> ActionUnits:
    """The estimated action units of one face.

    Parameters
    ----------
    track
        From :func:`weft.faces.track_faces`.
    formulas
        Which units, and how.

    Returns
    -------
    ActionUnits
        One row for each frame of the track.

    Notes
    -----
    Neutral is the median of each measure over the whole track (for the mouth's opening and
    the jaw the lower quartile, because a speaker's mouth is open half of the time). It is
    wrong for a person who smiles, or keeps the brows raised, throughout: such a constant
    expression becomes neutral. Unchanged head turns do the same. Yaw beyond 40 degrees
    leaves no confidence.
    """
    neutral = {name: _neutral(track, name) for formula in formulas for name, _ in formula.terms}
    values = np.zeros((len(track), len(formulas)), dtype=np.float32)
    for index, formula in enumerate(formulas):
        movement = sum(weight * (track.column(name) - neutral[name]) for name, weight in formula.terms)
        share = (movement - formula.floor) / (formula.full - formula.floor)
        values[:, index] = FULL_INTENSITY * np.clip(share, 0.0, 1.0)
    own = np.array([formula.confidence for formula in formulas], dtype=np.float32)
    names = tuple(formula.name for formula in formulas)
    return ActionUnits(track.track_id, track.times_ns, names, values, view_quality(track)[:, np.newaxis] * own)


def view_quality(track: FaceTrack) -> Float32Array:
    """How well each frame shows the face, 0..1, float32 (n).

    The product of presence, of ``(cos(yaw) - cos 40) / (1 - cos 40)``, of the face's width
    (1 from 120 pixels on, 0.3 at 40) and of how long the face was seen (1 from 2 s on).
    """
    limit = np.cos(np.radians(40.0))
    turned = np.clip((np.cos(np.radians(track.column("yaw_deg"))) - limit) / (1 - limit), 0, 1)
    size = np.interp(track.column("face_width_px"), [0, 40, 120], [0, 0.3, 1])
    seen = min(1.0, track.duration_s / _NEUTRAL_S)
    quality: Float32Array = (track.presence * turned * size * seen).astype(np.float32)
    return quality


def _neutral(track: FaceTrack, name: str) -> float:
    """The person's own resting value of one measure; 0 for an empty track."""
    if not len(track):
        return 0.0
    share = 25 if name in ("mouth_gap", "jaw_drop") else 50
    return float(np.percentile(track.column(name), share))
