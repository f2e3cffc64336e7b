"""Unit quaternions ``x, y, z, w`` between samples: the shortest turn at constant speed.

Source: K. Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.dsp.interpolate import bracket

NEARLY_EQUAL = 1e-6
"""Below this angle, in radians, a straight line is the turn to within rounding."""


def interpolate_rotation(
    times: NDArray[Any], quaternions: NDArray[Any], at: NDArray[Any], *, max_gap: float
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Rotations between neighbouring samples, and whether there is one.

    Parameters
    ----------
    times
        The samples' instants, (n), never decreasing.
    quaternions
        ``x, y, z, w``, shape (n, 4), of any length but 0; a row of zeros or with NaN is a
        missing sample.
    at
        The wanted instants, (m), in the unit of ``times``.
    max_gap
        Neighbours farther apart have a gap between them.

    Returns
    -------
    tuple
        Unit quaternions, shape (m, 4), float32 or float64, 0 where there is none, and
        whether there is one, bool (m). Neighbouring rows have the sign that makes them
        close; the first keeps the sign of its sample.

    Raises
    ------
    ValueError
        If rows do not hold four numbers.

    Notes
    -----
    It fails when the body turns by more than half a turn between two samples.

    Examples
    --------
    >>> import numpy as np
    >>> quarter = np.array([[0, 0, 0, 1], [0, 0, 1, 0]], dtype=float)
    >>> interpolate_rotation(np.array([0, 2]), quarter, np.array([1]), max_gap=2)[0].round(3).tolist()
    [[0.0, 0.0, 0.707, 0.707]]
    """
    if quaternions.ndim != 2 or quaternions.shape[1] != 4:
        raise ValueError(f"rotations are rows of x, y, z, w, found the shape {quaternions.shape}")
    dtype = np.result_type(quaternions.dtype, np.float32)
    rows = quaternions.astype(np.float64)
    length = np.linalg.norm(rows, axis=1)
    whole = np.isfinite(length) & (length > 0)
    unit = rows[whole] / length[whole, None]
    near = bracket(times[whole], at, max_gap)
    found = np.zeros((len(at), 4))
    here = near.inside
    found[here] = slerp(unit[near.before[here]], unit[near.after[here]], near.share[here])
    found[here] = continue_signs(found[here])
    return found.astype(dtype), here


def slerp(start: NDArray[Any], stop: NDArray[Any], share: NDArray[Any]) -> NDArray[Any]:
    """Rotations a share of the shortest turn from ``start`` to ``stop``, unit quaternions (m, 4).

    Examples
    --------
    >>> import numpy as np
    >>> one = np.array([[0.0, 0.0, 0.0, 1.0]])
    >>> slerp(one, -one, np.array([0.3])).tolist()
    [[0.0, 0.0, 0.0, 1.0]]
    """
    cosine = np.sum(start * stop, axis=1)
    stop = np.where(cosine[:, None] < 0, -stop, stop)
    # The angle by both chords: exact for small turns, where an arc cosine is not.
    angle = 2.0 * np.arctan2(np.linalg.norm(start - stop, axis=1), np.linalg.norm(start + stop, axis=1))
    near = angle < NEARLY_EQUAL
    sine = np.where(near, 1.0, np.sin(angle))
    left = np.where(near, 1.0 - share, np.sin((1.0 - share) * angle) / sine)
    right = np.where(near, share, np.sin(share * angle) / sine)
    turned = left[:, None] * start + right[:, None] * stop
    unit: NDArray[Any] = turned / np.linalg.norm(turned, axis=1, keepdims=True)
    return unit


def continue_signs(quaternions: NDArray[Any]) -> NDArray[Any]:
    """The same rotations with no jump of sign from row to row, (m, 4).

    Examples
    --------
    >>> import numpy as np
    >>> continue_signs(np.array([[0, 0, 0, 1.0], [0, 0, 0, -1.0]])).tolist()
    [[0.0, 0.0, 0.0, 1.0], [-0.0, -0.0, -0.0, 1.0]]
    """
    if len(quaternions) < 2:
        return quaternions
    flips = np.sum(quaternions[1:] * quaternions[:-1], axis=1) < 0
    signs = np.concatenate([[1.0], np.where(np.cumsum(flips) % 2, -1.0, 1.0)])
    continued: NDArray[Any] = quaternions * signs[:, None]
    return continued
