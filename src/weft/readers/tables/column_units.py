"""What a column's name says about its unit and its kind of signal."""

from __future__ import annotations

import re

from weft.core import Modality

_BRACKET = re.compile(r"[\[(]([^\])]{1,20})[\])]\s*$")
_TOKENS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_SUFFIX_UNITS = frozenset({"mm", "cm", "deg", "rad", "px", "hz", "ms", "us", "ns", "bpm", "mv", "uv", "percent"})

# Words of column names, tried in this order.
_MODALITY_WORDS: tuple[tuple[Modality, frozenset[str]], ...] = (
    (Modality.GAZE, frozenset({"gaze", "pupil", "eye", "por", "fixation", "saccade", "pix"})),
    (Modality.MOTION, frozenset({"acc", "accel", "acceleration", "accelerometer", "gyro", "gyroscope", "imu", "mag"})),
    (
        Modality.PHYSIOLOGY,
        frozenset({"eda", "gsr", "bvp", "ppg", "ecg", "ekg", "emg", "eeg", "eog", "hr", "resp", "ibi", "skin"}),
    ),
    (Modality.LOCATION, frozenset({"lat", "latitude", "lon", "lng", "longitude", "gps"})),
)


def words_of(name: str) -> list[str]:
    """The words of a column name in lower case, camel case split.

    Examples
    --------
    >>> words_of("Recording timestamp [ms]"), words_of("LGazePos2dx")
    (['recording', 'timestamp', 'ms'], ['l', 'gaze', 'pos', '2', 'dx'])
    """
    return [word.lower() for word in _TOKENS.findall(name)]


def unit_of(name: str) -> str:
    """The unit that ends a column's name, in brackets or behind an underscore; empty if there is none.

    Examples
    --------
    >>> unit_of("gaze x [px]"), unit_of("gyro (deg/s)"), unit_of("pupil_mm"), unit_of("x")
    ('px', 'deg/s', 'mm', '')
    """
    bracket = _BRACKET.search(name)
    if bracket:
        return bracket.group(1).strip()
    _, underscore, tail = name.rpartition("_")
    return tail if underscore and tail.lower() in _SUFFIX_UNITS else ""


def modality_of(names: tuple[str, ...]) -> Modality:
    """The kind of signal that most of the named columns belong to; ``TABLE`` where none is plain.

    Examples
    --------
    >>> modality_of(("x_acc", "y_acc"))
    <Modality.MOTION: 'motion'>
    """
    words = [frozenset(words_of(name)) for name in names]
    counts = [(sum(bool(have & known) for have in words), modality) for modality, known in _MODALITY_WORDS]
    best, modality = max(counts, key=lambda pair: pair[0])
    return modality if best and best >= len(names) / 3 else Modality.TABLE
