"""What a stream carries, and how its values may be asked for between its samples."""

from __future__ import annotations

from enum import StrEnum


class Modality(StrEnum):
    """The kind of signal a stream carries."""

    VIDEO = "video"
    AUDIO = "audio"
    GAZE = "gaze"
    MOTION = "motion"
    POSE = "pose"
    FACE = "face"
    PHYSIOLOGY = "physiology"
    POINTS = "points"
    LOCATION = "location"
    EVENT = "event"
    TEXT = "text"
    TABLE = "table"


class Interpolation(StrEnum):
    """How a value between two samples is made; none of them invents one across a gap."""

    BY_MODALITY = "by_modality"
    """What suits the modality; a stream replaces it at birth."""
    BAND_LIMITED = "band_limited"
    """A filter that keeps the band and rejects what would alias (sound, EEG)."""
    LINEAR = "linear"
    """A straight line between neighbours (gaze, positions, slow physiology)."""
    ROTATION = "rotation"
    """The shortest turn between neighbouring unit quaternions ``x, y, z, w``."""
    ANGLE = "angle"
    """A straight line along the shorter way round, in radians."""
    NEAREST = "nearest"
    """The closer sample as it is (images, point clouds)."""
    HOLD = "hold"
    """The last sample before (states, labels)."""
    NONE = "none"
    """No value exists between samples (events)."""


DEFAULT_INTERPOLATION: dict[Modality, Interpolation] = {
    Modality.VIDEO: Interpolation.NEAREST,
    Modality.AUDIO: Interpolation.BAND_LIMITED,
    Modality.GAZE: Interpolation.LINEAR,
    Modality.MOTION: Interpolation.LINEAR,
    Modality.POSE: Interpolation.LINEAR,
    Modality.FACE: Interpolation.LINEAR,
    Modality.PHYSIOLOGY: Interpolation.BAND_LIMITED,
    Modality.POINTS: Interpolation.NEAREST,
    Modality.LOCATION: Interpolation.LINEAR,
    Modality.EVENT: Interpolation.NONE,
    Modality.TEXT: Interpolation.NONE,
    Modality.TABLE: Interpolation.LINEAR,
}
