"""What all windows share: by how much echoes, filters and codecs pull frequencies apart.

More windows do not shrink an error that every window makes. But it shows: where a room or a codec shifts phases,
it shifts those of different frequencies differently, the same way in all windows. Half of the windows
predict the other half's scatter between bands; what they agree on is no noise.
"""

from __future__ import annotations

import numpy as np

from weft.dsp.phat import delay_by_band, shared_phases
from weft.sync.sound.fine import frames_along
from weft.sync.sound.grid import RATE_HZ, SoundGrid
from weft.sync.sound.track import Track

BANDS = 16
"""Bands of 400 Hz: an echo after more than a millisecond turns its phase several times over the spectrum."""

MOST_WINDOWS = 32
WINDOW_S = 4.0

LEAST_S = 0.3e-6
"""What the 16-bit floats of the grid and the interpolation of its rates leave, measured on one sound at two rates."""


def path_skew_s(reference: SoundGrid, device: SoundGrid, track: Track) -> float:
    """Standard deviation of the delay that all windows of a track may have in common, seconds.

    Notes
    -----
    Fails to see what delays all frequencies alike: a longer way through the air, a later start.
    """
    centres = track.centres
    chosen = centres[np.unique(np.linspace(0, centres.size - 1, min(MOST_WINDOWS, centres.size)).astype(np.int64))]
    halves: list[np.ndarray | None] = [None, None]
    for index, centre in enumerate(chosen):
        cut = frames_along(reference, device, track.piece, float(centre), length_s=WINDOW_S)
        if cut is None:
            continue
        spectrum, beta = shared_phases(cut.theirs, cut.ours, cut.moved_s, rate_hz=RATE_HZ)
        if beta > 0:
            have = halves[index % 2]
            halves[index % 2] = spectrum if have is None else have + spectrum
    if halves[0] is None or halves[1] is None:
        return LEAST_S
    both = [delay_by_band(track.polarity * half, rate_hz=RATE_HZ, bands=BANDS) for half in halves if half is not None]
    shares = (both[0][1] + both[1][1]) / 2.0
    apart = [delays - float((shares * delays).sum()) for delays, _ in both]
    crowd = float((shares**2).sum())
    variance = float((shares**2 * apart[0] * apart[1]).sum()) / max(1.0 - crowd, 0.1)
    return float(np.hypot(LEAST_S, np.sqrt(max(0.0, variance))))
