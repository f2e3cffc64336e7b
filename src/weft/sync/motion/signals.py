"""How a device moved, as its sensors and its camera show it, ready to be compared."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_S, Modality, Stream
from weft.core.times import Int64Array
from weft.dsp.accumulated import Accumulated

Float64Array = NDArray[np.float64]

TURNING, PUSHING, SPIN, FORCE, STIR, LIFT = "turning", "pushing", "spin", "force", "stir", "lift"
"""Turning of a gyroscope or of a whole picture about three axes; acceleration along three; the lengths of both;
how much moves in a picture; how what moves there goes up and down."""

ONE_SIGNED = frozenset({SPIN, FORCE, STIR, LIFT})
"""Kinds that rise and fall together, never against each other."""

_GYRO = re.compile(r"(?i)(^|[^a-z])(gyro(scope)?|gyr|gy|g|ang(ular)?_?vel(ocity)?|omega|rotation_?rate|w)([^a-z]|$)")
_ACC = re.compile(
    r"(?i)(^|[^a-z])(a|acc(l|el(eration|erometer)?)?|ac|user_?acc(eleration)?|linear_?acceleration)([^a-z]|$)"
)
_GYRO_UNITS = frozenset({"rad/s", "deg/s", "°/s", "dps", "mdps", "degree/s", "degrees/s", "rad/sec", "deg/sec"})
_ACC_UNITS = frozenset({"m/s²", "m/s2", "m/s^2", "g", "mg", "1/64 g", "m/s/s"})
_BLOCK = 65_536
_LEAST_HZ = 8.0
_SMOOTH_S = 1.0
_JITTERS = 0.2
"""Stamps that scatter by more than this share of a period were taken on arrival, not by the sensor."""
_LONGEST_HOLE_S = 0.25


@dataclass(frozen=True, eq=False)
class MotionSignal:
    """One view of a device's motion on its own clock.

    Parameters
    ----------
    kind
        one of the kinds above: only like kinds are compared.
    stream, clock
        Where it comes from.
    origin_ns
        Reading of the clock from which ``moved`` counts seconds.
    moved
        The integral of the rates.
    highest_hz
        Up to where it can be trusted.
    seen
        Whether a picture shows it; else a sensor felt it.
    """

    kind: str
    stream: str
    clock: str
    origin_ns: int
    moved: Accumulated
    highest_hz: float
    seen: bool = False

    @property
    def duration_s(self) -> float:
        """How long it is."""
        return self.moved.stop_s - self.moved.start_s


def sensor_columns(stream: Stream) -> dict[str, list[int]]:
    """Which columns of a motion stream are a gyroscope's and which an accelerometer's three axes.

    By unit where it has one, then by the column's and the stream's name.
    """
    if len(stream.samples.shape) != 2:
        return {}
    found: dict[str, list[int]] = {TURNING: [], PUSHING: []}
    signal = stream.name.rpartition("/")[2]
    for index in range(stream.samples.shape[1]):
        unit = stream.units[index].strip().lower() if index < len(stream.units) else ""
        name = stream.channels[index] if index < len(stream.channels) else ""
        for kind, units, pattern in ((TURNING, _GYRO_UNITS, _GYRO), (PUSHING, _ACC_UNITS, _ACC)):
            if unit in units or (unit not in _GYRO_UNITS | _ACC_UNITS and pattern.search(_spaced(name))):
                found[kind].append(index)
                break
    for kind, pattern in ((TURNING, _GYRO), (PUSHING, _ACC)):
        if not any(found.values()) and stream.samples.shape[1] == 3 and pattern.search(_spaced(signal)):
            found[kind] = [0, 1, 2]
    return {kind: columns[:3] for kind, columns in found.items() if len(columns) >= 3}


def _spaced(name: str) -> str:
    """A name with its words apart: ``gyroX`` to ``gyro_X``, ``wx`` to ``w_x``."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "_", name)
    return re.sub(r"(?i)^(w|a|g|acc|gyro|gyr)([xyz])$", r"\1_\2", name)


def sensor_signals(stream: Stream) -> list[MotionSignal]:
    """The signals of one stream of an inertial unit; none where it is too slow, too short or holds no numbers."""
    columns = sensor_columns(stream)
    rate_hz = stream.effective_rate_hz or 0.0
    if not columns or rate_hz < _LEAST_HZ or len(stream) < 4 * _LEAST_HZ:
        return []
    times_ns, values = stream.timestamps_ns, _read(stream)
    found = []
    for kind, which in columns.items():
        made = signal_of(times_ns, values[:, which], kind=kind, stream=stream)
        size = np.linalg.norm(values[:, which], axis=1, keepdims=True)
        plain = signal_of(times_ns, size, kind=SPIN if kind == TURNING else FORCE, stream=stream)
        found += [one for one in (made, plain) if one]
    return found


def signal_of(times_ns: Int64Array, rates: Float64Array, *, kind: str, stream: Stream) -> MotionSignal | None:
    """A signal from samples (n, k); rows without numbers and repeated stamps are left out."""
    whole = np.all(np.isfinite(rates), axis=1)
    times_ns, rates = times_ns[whole], rates[whole]
    if len(times_ns) < 4 * _LEAST_HZ or not np.any(np.ptp(rates, axis=0) > 0):
        return None
    origin_ns = int(times_ns[0])
    times_s = even_stamps((times_ns - origin_ns) / NS_PER_S)
    rising = np.concatenate([[True], np.diff(np.maximum.accumulate(times_s)) > 1e-9])
    times_s, rates = times_s[rising], rates[rising]
    if len(times_s) < 4 * _LEAST_HZ:
        return None
    period_s = float(np.median(np.diff(times_s)))
    moved = Accumulated.from_rates(times_s, rates, max_gap_s=max(4 * period_s, min(_LONGEST_HOLE_S, 12 * period_s)))
    return MotionSignal(kind, stream.name, stream.clock, origin_ns, moved, 0.4 / period_s)


def even_stamps(times_s: Float64Array) -> Float64Array:
    """Stamps without the scatter of their arrival, where they scatter more than a sensor does.

    Samples that come in bursts were taken evenly: over a second the count tells the time better than any
    stamp. Stamps of a steady sensor, and stretches around a hole, are given back as they are.

    Examples
    --------
    >>> bursts = np.repeat(np.arange(200) * 0.05, 5)
    >>> even = even_stamps(bursts) - np.arange(1000) * 0.01
    >>> bool(np.ptp(even[150:-150]) < 0.001)
    True
    """
    count = len(times_s)
    steps = np.diff(times_s)
    period_s = float(times_s[-1] - times_s[0]) / max(1, count - 1)
    if period_s <= 0 or float(np.mean(np.abs(steps - period_s))) < _JITTERS * period_s:
        return times_s
    half = round(0.5 * _SMOOTH_S / period_s)
    ideal = np.arange(count) * period_s
    even = times_s.copy()
    for part in np.split(np.arange(count), np.flatnonzero(steps > _LONGEST_HOLE_S) + 1):
        if len(part) > 4 * half + 1 and half > 1:
            late = times_s[part] - ideal[part]
            even[part] = ideal[part] + _smoothed(late, half)
    return even


def _smoothed(values: Float64Array, half: int) -> Float64Array:
    """Moving straight lines through ``2 * half + 1`` values, the first and last one carried on to the ends."""
    from scipy.signal import savgol_filter

    smooth: Float64Array = savgol_filter(values, 2 * half + 1, 1, mode="interp")
    return smooth


def low_passed(signal: MotionSignal, highest_hz: float) -> MotionSignal:
    """The signal without what lies above ``highest_hz``, so that noise there cannot pass for movement.

    The filter runs forwards and backwards: it delays nothing.
    """
    from scipy.signal import butter, sosfiltfilt

    if highest_hz >= signal.highest_hz:
        return signal
    moved = signal.moved
    step_s = float(np.median(np.diff(moved.times_s)))
    edges_s = np.arange(moved.start_s, moved.stop_s, step_s)
    rates, known = moved.means(edges_s[:-1], edges_s[1:])
    if len(rates) < 64:
        return signal
    filtered = sosfiltfilt(butter(4, highest_hz, fs=1.0 / step_s, output="sos"), rates, axis=0)
    low = Accumulated.from_steps(edges_s, filtered * step_s, known)
    return replace(signal, moved=low, highest_hz=highest_hz)


def _read(stream: Stream) -> Float64Array:
    """All samples of a stream as numbers, (n, k)."""
    parts = [
        np.asarray(stream.samples.read(at, min(at + _BLOCK, len(stream))), dtype=np.float64)
        for at in range(0, len(stream), _BLOCK)
    ]
    return np.concatenate(parts)


def pose_signal(stream: Stream) -> MotionSignal | None:
    """How keypoints move up and down on the whole, from a stream of their places, (n, points, 2 or more).

    Columns named like ``left_knee_y`` do as well. Points that are not seen (NaN, or 0 with both
    coordinates) are left out of their frames.
    """
    if stream.modality is not Modality.POSE or (stream.effective_rate_hz or 0.0) < _LEAST_HZ or len(stream) < 32:
        return None
    heights = _heights(stream)
    if heights is None:
        return None
    times_ns = stream.timestamps_ns
    origin_ns = int(times_ns[0])
    times_s = (times_ns - origin_ns) / NS_PER_S
    rising = np.concatenate([[True], np.diff(times_s) > 0])
    times_s, heights = times_s[rising], heights[rising]
    gained = np.diff(heights, axis=0)
    seen = np.isfinite(gained)
    known = seen.any(axis=1)
    step = np.where(seen, gained, 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    if known.sum() < 32 or not np.any(step):
        return None
    moved = Accumulated.from_steps(times_s, step[:, None], known)
    return MotionSignal(
        LIFT, stream.name, stream.clock, origin_ns, moved, 0.4 / float(np.median(np.diff(times_s))), True
    )


def _heights(stream: Stream) -> Float64Array | None:
    """The vertical places of the points, (n, points), NaN where not seen."""
    values = np.asarray(stream.samples.read(0, len(stream)), dtype=np.float64)
    if values.ndim == 3 and values.shape[2] >= 2:
        lost = np.all(values[..., :2] == 0, axis=2)
        return np.where(lost, np.nan, values[..., 1])
    columns = [i for i, name in enumerate(stream.channels) if re.search(r"(?i)(^|[_ .])y([_ .]|$)", name)]
    if values.ndim == 2 and columns:
        return np.where(values[:, columns] == 0, np.nan, values[:, columns])
    return None
