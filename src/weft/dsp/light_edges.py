"""When a light went on or off between frames: edges of luminance, finer than a frame.

A frame adds up the light of its exposure. A light that goes on during it shows a part of
its brightness, and the part tells the moment::

    exposure    |####....|####....|####....|        # open   . closed
    light       __________________----------
    luminance       0         0.5      1            half: it went on in the middle of the opening

Where no frame shows a part, the light went on while the shutter was closed. How long it is
open, the share of edges with a part tells; many edges are needed for that, and without
them the whole interval stays possible.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]

LEAST_CONTRAST = 8.0
"""A light must change its region by so many times the picture's noise."""
_PART_SDS = 4.0
"""A frame between dark and bright is a part where it is so far from both."""
_PRIOR = 0.5


@dataclass(frozen=True, slots=True)
class LightEdges:
    """Switches of a light.

    Parameters
    ----------
    times_s
        Their moments on the frames' clock, if a frame's stamp is the beginning of its exposure; float64 (k).
    sds_s
        Standard deviation of each, float64 (k).
    rising
        Whether it went on, bool (k).
    exposure_share
        The share of the frame interval during which the shutter is open, as the edges tell.
    contrast
        The median size of a switch in standard deviations of one frame's noise.
    """

    times_s: Float64Array
    sds_s: Float64Array
    rising: NDArray[np.bool_]
    exposure_share: float
    contrast: float = 0.0


def find_light_edges(luminance: NDArray[np.float64], times_s: Float64Array) -> LightEdges:
    """Every switch of a light that changes between two levels.

    Parameters
    ----------
    luminance
        Mean of a region, frame by frame, float (n).
    times_s
        The frames' stamps, seconds, increasing, float64 (n).

    Returns
    -------
    LightEdges
        Empty where the region has no light that switches, or fewer than four frames.

    Notes
    -----
    Each edge is measured between the level before it and that after it, so slow changes of
    daylight do no harm. A flash within one frame (brighter than both neighbours) is placed
    in the middle of its exposure. Errors: an edge with a part has that of the noise and of
    the exposure's length, any other that of a uniform distribution over the closed time.
    It fails for lights that fade, for mains flicker, and where frames were dropped at the
    edge: the interval is then as long as the gap, and the error says so.

    Examples
    --------
    >>> light = np.array([10, 10, 10, 10, 60, 110, 110, 110, 110, 110.0])
    >>> edges = find_light_edges(light, np.arange(10) / 10.0)
    >>> len(edges.times_s), edges.rising.tolist()
    (1, [True])
    """
    light, times = np.asarray(luminance, dtype=np.float64), np.asarray(times_s, dtype=np.float64)
    if light.size < 4:
        return LightEdges(np.zeros(0), np.zeros(0), np.zeros(0, dtype=bool), 1.0)
    light = np.where(np.isfinite(light), light, np.nanmedian(light) if np.isfinite(light).any() else 0.0)
    noise = _noise(light)
    period = float(np.median(np.diff(times)))
    raw = _steps(light, max(LEAST_CONTRAST * noise, 0.25 * float(np.ptp(light))))
    parts = np.array([step.part for step in raw])
    is_part = np.array([_is_part(step, noise) for step in raw], dtype=bool)
    share = (is_part.sum() + 2 * _PRIOR) / (len(raw) + 2 * _PRIOR) if raw else 1.0
    share = float(np.clip(share, 0.05, 1.0))
    moments = [
        _moment(step, times, period, share, part=float(part) if known else None, noise=noise)
        for step, part, known in zip(raw, parts, is_part, strict=True)
    ]
    made = np.array(moments, dtype=np.float64).reshape(-1, 2)
    contrast = float(np.median([abs(step.size) for step in raw])) / noise if raw else 0.0
    return LightEdges(made[:, 0], made[:, 1], np.array([step.size > 0 for step in raw], dtype=bool), share, contrast)


@dataclass(frozen=True, slots=True)
class _Step:
    """A change: the first frame that differs, its size, the share already seen in it, whether it is a flash."""

    frame: int
    size: float
    part: float
    flash: bool = False


def _noise(light: Float64Array) -> float:
    """Standard deviation of one frame's luminance, from the quiet bulk of differences; at least 8-bit rounding."""
    return max(0.05, 1.4826 * float(np.median(np.abs(np.diff(light)))) / float(np.sqrt(2.0)))


def _steps(light: Float64Array, least: float) -> list[_Step]:
    """Changes by more than ``least`` within two frames, apart from each other."""
    found: list[_Step] = []
    last = light.size - 1
    one = np.abs(np.diff(light)) > least
    two = np.abs(light[2:] - light[:-2]) > least
    free = 0
    for index in (np.flatnonzero(one | np.append(two, False)) + 1).tolist():
        if index < free:
            continue
        before, far = float(light[index - 1]), min(last, index + 1)
        jump, jump2 = float(light[index]) - before, float(light[far]) - before
        if abs(jump) > least and abs(jump2) < 0.3 * abs(jump) and far > index:
            if jump > 0:
                found.append(_Step(index, jump, 0.5, flash=True))
            free = index + 2
        elif abs(jump2) > least and (far == index or abs(jump) > 0.02 * abs(jump2)) and jump * jump2 > 0:
            found.append(_Step(index, jump2, float(np.clip(jump / jump2, 0.0, 1.0))))
            free = index + 2
    return found


def _is_part(step: _Step, noise: float) -> bool:
    """Whether a frame shows part of a switch, surely."""
    margin = _PART_SDS * noise / abs(step.size)
    return not step.flash and margin < step.part < 1.0 - margin


def _moment(
    step: _Step, times: Float64Array, period: float, share: float, *, part: float | None, noise: float
) -> tuple[float, float]:
    """Time and standard deviation of one edge."""
    start, opened = float(times[step.frame]), share * period
    if step.flash:
        return start + opened / 2.0, period / float(np.sqrt(12.0))
    if part is not None:
        doubt = (1.0 - part) * period * min(share, 1.0 - share) / 2.0
        return start + (1.0 - part) * opened, float(np.hypot(noise / abs(step.size) * period * 1.5, doubt) + 1e-4)
    # The whole size in the first frame: between the end of the exposure before and this one's start.
    # A part within the noise of zero or one belongs here too.
    last = float(times[step.frame - 1]) + opened
    width = max(start - last, period * (1.0 - share), 0.1 * period)
    return start - width / 2.0, width / float(np.sqrt(12.0))
