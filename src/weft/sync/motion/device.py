"""All that is known of one device's motion, on one origin, ready to be laid on another's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_S
from weft.sync.motion.signals import MotionSignal

Float64Array = NDArray[np.float64]

GRID_HZ = 50
LOWEST_HZ = 0.3
HIGHEST_HZ = 20.0


@dataclass(frozen=True, eq=False)
class Device:
    """The motion of whatever carries one clock.

    Parameters
    ----------
    clock
        Its clock.
    signals
        By kind, the longest of each.
    """

    clock: str
    signals: dict[str, MotionSignal]

    @classmethod
    def of(cls, clock: str, signals: Iterable[MotionSignal]) -> Device:
        """From any number of signals of one clock."""
        best: dict[str, MotionSignal] = {}
        for signal in signals:
            if signal.kind not in best or signal.duration_s > best[signal.kind].duration_s:
                best[signal.kind] = signal
        return cls(clock, best)

    @cached_property
    def origin_ns(self) -> int:
        """The clock's reading at which the first signal begins: where the grid starts."""
        return min(signal.origin_ns for signal in self.signals.values())

    @cached_property
    def duration_s(self) -> float:
        """From the origin to the end of the last signal."""
        return max(self.start_of(kind) + signal.moved.stop_s for kind, signal in self.signals.items())

    def start_of(self, kind: str) -> float:
        """Seconds from the device's origin to that of one signal."""
        return (self.signals[kind].origin_ns - self.origin_ns) / NS_PER_S

    def highest_hz(self, kind: str) -> float:
        """Up to where one signal can be trusted."""
        return self.signals[kind].highest_hz

    def on_grid(self, kind: str, highest_hz: float) -> tuple[Float64Array, NDArray[np.bool_]]:
        """Rates in steps of 1 / ``GRID_HZ`` from the origin, (n, k) between ``LOWEST_HZ`` and ``highest_hz``.

        Each is a mean over its step; 0 and not known where nothing was measured.
        """
        from scipy.signal import butter, sosfiltfilt

        edges_s = np.arange(int(self.duration_s * GRID_HZ) + 1) / GRID_HZ - self.start_of(kind)
        rates, known = self.signals[kind].moved.means(edges_s[:-1], edges_s[1:])
        if known.sum() < GRID_HZ:
            return rates, known
        rates = np.where(known[:, None], rates - rates[known].mean(axis=0), 0.0)
        band = butter(2, [LOWEST_HZ, min(highest_hz, 0.45 * GRID_HZ)], btype="bandpass", fs=GRID_HZ, output="sos")
        return np.where(known[:, None], sosfiltfilt(band, rates, axis=0), 0.0), known
