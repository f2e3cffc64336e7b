"""The map from one clock to another, and how sure it is.

The sign, written once and nowhere contradicted::

    t_reference = t_device + offset + drift * (t_device - t0)

A positive offset means that the device's clock is behind the reference; a positive
drift means that it runs slow. A map has pieces, because devices pause, drop and
restart::

    reference  |------ piece 0 ------|     |----- piece 1 -----|
    device     |------ piece 0 ------|----- piece 1 -----|
                                     ^ the device lost what the reference shows between
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core.errors import OutsideValidityError, UsageError
from weft.core.interval import Interval
from weft.core.times import EARLIEST_NS, LATEST_NS, NS_PER_S, Int64Array, as_ns_array

MAX_DRIFT = 0.05
"""5 %: far beyond any oscillator (0.01 %), and where the inverse stays exact to 1 ns."""

LEAST_JUMP_NS = 1_000
"""A microsecond: below it, rounding and bends in a drift would count as jumps."""

STRAIGHT_SHARE = 0.05
"""A bend of less than this share of the 95 % error is not worth a segment of its own."""

Z95 = 1.959963984540054
"""Half-width of a 95 % interval in standard deviations of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """The variance of a piece's reference time as a quadratic in ``t_device - t0``.

    ``variance(dt) = offset_variance + 2 * covariance * dt + drift_variance * dt**2``,
    so it is least where the evidence lies and widens away from it.

    Parameters
    ----------
    offset_variance
        Variance of the offset at ``t0``, ns².
    covariance
        Covariance of offset and drift, ns.
    drift_variance
        Variance of the drift, dimensionless.
    """

    offset_variance: float = 0.0
    covariance: float = 0.0
    drift_variance: float = 0.0

    def sd_ns(self, dt_ns: NDArray[Any] | float) -> NDArray[np.float64]:
        """Standard deviation, ns, at ``dt_ns`` from ``t0``."""
        dt = np.asarray(dt_ns, dtype=np.float64)
        variance = self.offset_variance + 2.0 * self.covariance * dt + self.drift_variance * dt * dt
        sd: NDArray[np.float64] = np.sqrt(np.maximum(variance, 0.0))
        return sd

    def moved(self, by_ns: float) -> Uncertainty:
        """The same variance, written around ``t0 + by_ns``."""
        return Uncertainty(
            self.offset_variance + 2.0 * self.covariance * by_ns + self.drift_variance * by_ns * by_ns,
            self.covariance + self.drift_variance * by_ns,
            self.drift_variance,
        )

    def plus(self, other: Uncertainty) -> Uncertainty:
        """The variance of the sum of two independent errors around the same ``t0``."""
        return Uncertainty(
            self.offset_variance + other.offset_variance,
            self.covariance + other.covariance,
            self.drift_variance + other.drift_variance,
        )


@dataclass(frozen=True, slots=True)
class Piece:
    """One affine piece: it holds for device readings in ``device``.

    Parameters
    ----------
    device
        The readings of the device's clock for which the piece is known.
    t0_ns
        Where on the device's clock ``offset_ns`` is stated.
    offset_ns
        Reference minus device at ``t0_ns``.
    drift
        Seconds that the reference gains on the device per second of the device.
    uncertainty
        How sure it is, around ``t0_ns``.
    """

    device: Interval
    t0_ns: int
    offset_ns: int
    drift: float = 0.0
    uncertainty: Uncertainty = Uncertainty()

    def __post_init__(self) -> None:
        if not abs(self.drift) <= MAX_DRIFT:
            raise UsageError(f"a clock's drift lies within ±{MAX_DRIFT:.0%}, found {self.drift!r}")

    def to_reference_ns(self, t_device_ns: Int64Array) -> Int64Array:
        """Reference times of device readings, wherever they lie."""
        slip = np.rint(self.drift * (t_device_ns - self.t0_ns)).astype(np.int64) if self.drift else 0
        shifted: Int64Array = t_device_ns + self.offset_ns + slip
        return shifted

    def to_device_ns(self, t_reference_ns: Int64Array) -> Int64Array:
        """Device readings of reference times, wherever they lie."""
        undrifted: Int64Array = t_reference_ns - self.offset_ns
        if not self.drift:
            return undrifted
        slip = self.drift / (1.0 + self.drift) * (undrifted - self.t0_ns)
        device_ns: Int64Array = undrifted - np.rint(slip).astype(np.int64)
        return device_ns

    @property
    def reference(self) -> Interval:
        """The reference times that the piece covers."""
        edges = self.to_reference_ns(np.array([self.device.start_ns, self.device.stop_ns], dtype=np.int64))
        return Interval(int(edges[0]), int(edges[1]))

    def offset_at_ns(self, t_device_ns: int) -> int:
        """Reference minus device at one reading."""
        return int(self.to_reference_ns(np.array([t_device_ns], dtype=np.int64))[0]) - t_device_ns


@dataclass(frozen=True)
class TimeMap:
    """A monotone, piecewise-affine map from a device's clock to a reference clock.

    Pieces follow each other in both clocks and may leave gaps in either; in a gap and
    beyond the ends the clock is not known.

    Raises
    ------
    UsageError
        If there is no piece, or pieces overlap on either clock.

    Examples
    --------
    >>> import numpy as np
    >>> cam = TimeMap.affine("cam", "mic", offset_ns=-812_400_000, drift=23.1e-6)
    >>> cam.apply(np.array([0, 10_000_000_000])).tolist()
    [-812400000, 9187831000]
    """

    clock: str
    reference: str
    pieces: tuple[Piece, ...]

    def __post_init__(self) -> None:
        if not self.pieces:
            raise UsageError(f"the map of clock {self.clock!r} needs at least one piece")
        for before, after in itertools.pairwise(self.pieces):
            if after.device.start_ns < before.device.stop_ns or after.reference.start_ns < before.reference.stop_ns:
                raise UsageError(
                    f"the pieces of the map of clock {self.clock!r} must follow each other in both clocks, "
                    f"found {before.device} then {after.device}, "
                    f"on {self.reference!r} {before.reference} then {after.reference}"
                )

    @classmethod
    def identity(cls, clock: str) -> TimeMap:
        """The map of a clock to itself, exact and valid for ever."""
        return cls.affine(clock, clock)

    @classmethod
    def affine(
        cls,
        clock: str,
        reference: str,
        *,
        offset_ns: int = 0,
        drift: float = 0.0,
        t0_ns: int = 0,
        device: Interval | None = None,
    ) -> TimeMap:
        """A map of one piece; without ``device`` it is valid for ever."""
        valid = device or Interval(EARLIEST_NS, LATEST_NS)
        return cls(clock, reference, (Piece(valid, t0_ns, offset_ns, drift),))

    @property
    def validity(self) -> Interval:
        """From the first to the last reading for which the clock is known."""
        return Interval(self.pieces[0].device.start_ns, self.pieces[-1].device.stop_ns)

    def straight_runs(self) -> tuple[tuple[Piece, ...], ...]:
        """The pieces, grouped so that the chord of a group is as good as its pieces.

        Within a group pieces go on without a jump, and none lies farther from the straight line between the
        group's ends than a twentieth of its 95 % error, or ``LEAST_JUMP_NS``.
        """
        runs: list[list[Piece]] = []
        for piece in self.pieces:
            if runs and self._is_straight([*runs[-1], piece]):
                runs[-1].append(piece)
            else:
                runs.append([piece])
        return tuple(tuple(run) for run in runs)

    def _is_straight(self, run: list[Piece]) -> bool:
        """Whether pieces meet, and lie near the straight line between their ends."""
        for before, after in itertools.pairwise(run):
            lost_ns = after.device.start_ns - before.device.stop_ns
            jump_ns = after.offset_at_ns(after.device.start_ns) - before.offset_at_ns(before.device.stop_ns)
            if max(lost_ns, abs(jump_ns)) > LEAST_JUMP_NS:
                return False
        start_ns, stop_ns = run[0].device.start_ns, run[-1].device.stop_ns
        first_ns, last_ns = run[0].offset_at_ns(start_ns), run[-1].offset_at_ns(stop_ns)
        joints = [piece.device.start_ns for piece in run[1:]]
        bends = [
            piece.offset_at_ns(at) - first_ns - (last_ns - first_ns) * ((at - start_ns) / (stop_ns - start_ns))
            for piece, at in zip(run[1:], joints, strict=True)
        ]
        allowed_ns = max(LEAST_JUMP_NS, STRAIGHT_SHARE * float(self.error95_ns(joints).min()))
        return max(map(abs, bends)) <= allowed_ns

    def apply(self, t_device_ns: Any, *, extrapolate: bool = False) -> Int64Array:
        """Reference times of device readings.

        Parameters
        ----------
        t_device_ns
            Readings of the device's clock, int64 (n), in any order.
        extrapolate
            Continue the outer pieces beyond their ends and join neighbours by a straight
            line in the gaps between them, instead of raising.

        Returns
        -------
        ndarray
            int64 (n).

        Raises
        ------
        OutsideValidityError
            If a reading lies where the clock is not known and ``extrapolate`` is false.
        """
        times_ns = as_ns_array(t_device_ns, what="t_device_ns")
        return self._map(times_ns, inverse=False, extrapolate=extrapolate)

    def inverse(self, t_reference_ns: Any, *, extrapolate: bool = False) -> Int64Array:
        """Device readings of reference times; undoes :meth:`apply` to within 1 ns.

        Parameters
        ----------
        t_reference_ns
            Times on the reference clock, int64 (n), in any order.
        extrapolate
            As for :meth:`apply`.

        Returns
        -------
        ndarray
            int64 (n).

        Raises
        ------
        OutsideValidityError
            If a time lies where the clock is not known and ``extrapolate`` is false.
        """
        times_ns = as_ns_array(t_reference_ns, what="t_reference_ns")
        return self._map(times_ns, inverse=True, extrapolate=extrapolate)

    def _map(self, times_ns: Int64Array, *, inverse: bool, extrapolate: bool) -> Int64Array:
        """Both directions: choose a piece for each time, then its formula."""
        spans = [piece.reference if inverse else piece.device for piece in self.pieces]
        starts = np.array([span.start_ns for span in spans], dtype=np.int64)
        stops = np.array([span.stop_ns for span in spans], dtype=np.int64)
        which = np.maximum(np.searchsorted(starts, times_ns, side="right") - 1, 0)
        # The stop itself is allowed: it is where the next sample would begin, and slices end there.
        outside = (times_ns < starts[which]) | (times_ns > stops[which])
        if outside.any() and not extrapolate:
            self._raise_outside(times_ns[outside], inverse=inverse)
        mapped = np.empty_like(times_ns)
        for index, piece in enumerate(self.pieces):
            here = which == index
            mapped[here] = piece.to_device_ns(times_ns[here]) if inverse else piece.to_reference_ns(times_ns[here])
        in_gap = outside & (which < len(spans) - 1) & (times_ns > stops[which])
        if in_gap.any():
            mapped[in_gap] = self._bridge(times_ns[in_gap], which[in_gap], inverse=inverse)
        return mapped

    def _bridge(self, times_ns: Int64Array, which: NDArray[np.intp], *, inverse: bool) -> Int64Array:
        """Straight lines across the gaps between pieces, order kept."""
        near = [piece.reference if inverse else piece.device for piece in self.pieces]
        far = [piece.device if inverse else piece.reference for piece in self.pieces]
        bridged = np.empty_like(times_ns)
        for at in np.unique(which):
            here = which == at
            share = (times_ns[here] - near[at].stop_ns) / (near[at + 1].start_ns - near[at].stop_ns)
            span_ns = far[at + 1].start_ns - far[at].stop_ns
            bridged[here] = far[at].stop_ns + np.rint(share * span_ns).astype(np.int64)
        return bridged

    def _raise_outside(self, times_ns: Int64Array, *, inverse: bool) -> None:
        """Say which times are not known, of which clock, and what to do."""
        clock = self.reference if inverse else self.clock
        known = ", ".join(str(piece.reference if inverse else piece.device) for piece in self.pieces)
        raise OutsideValidityError(
            f"{times_ns.size} times of clock {clock!r} from {times_ns.min() / NS_PER_S:.3f} s to "
            f"{times_ns.max() / NS_PER_S:.3f} s lie outside {known}, where the map {self.clock!r} -> "
            f"{self.reference!r} is known; shorten the request, or pass extrapolate=True"
        )

    def known(self, t_device_ns: Any) -> NDArray[np.bool_]:
        """Whether each device reading lies where the clock is known, bool (n)."""
        times_ns = as_ns_array(t_device_ns, what="t_device_ns")
        inside = np.zeros(times_ns.size, dtype=np.bool_)
        for piece in self.pieces:
            inside |= (times_ns >= piece.device.start_ns) & (times_ns <= piece.device.stop_ns)
        return inside

    def error95_ns(self, t_device_ns: Any) -> NDArray[np.float64]:
        """Half-width of the 95 % interval of the reference time at each device reading, ns, float64 (n).

        It is the error at that reading, not the largest of the piece. Other levels follow by the ratio of normal
        quantiles (90 %: 0.839 of it, 99 %: 1.314). Between pieces and beyond the ends it is that of the nearest
        piece before, widened by its drift's uncertainty; it says nothing about a jump that no evidence showed.
        """
        times_ns = as_ns_array(t_device_ns, what="t_device_ns")
        starts = np.array([piece.device.start_ns for piece in self.pieces], dtype=np.int64)
        which = np.maximum(np.searchsorted(starts, times_ns, side="right") - 1, 0)
        error = np.empty(times_ns.size, dtype=np.float64)
        for index, piece in enumerate(self.pieces):
            here = which == index
            error[here] = Z95 * piece.uncertainty.sd_ns(times_ns[here] - piece.t0_ns)
        return error

    def then(self, other: TimeMap) -> TimeMap:
        """This map followed by ``other``: from this clock to ``other``'s reference.

        Errors of the two are taken as independent; valid where both are.

        Raises
        ------
        UsageError
            If ``other`` does not start from this map's reference, or the two share no time.
        """
        if other.clock != self.reference:
            raise UsageError(f"cannot follow a map to {self.reference!r} by one from {other.clock!r}")
        pieces = [
            joined for first in self.pieces for second in other.pieces if (joined := _join(first, second)) is not None
        ]
        if not pieces:
            raise UsageError(f"the maps {self.clock!r} -> {self.reference!r} -> {other.reference!r} share no time")
        return TimeMap(self.clock, other.reference, tuple(pieces))

    def reversed(self) -> TimeMap:
        """The map from the reference back to the device's clock, with the same uncertainty."""
        return TimeMap(self.reference, self.clock, tuple(_reverse(piece) for piece in self.pieces))

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; times in nanoseconds."""
        pieces = [
            {
                "start_ns": piece.device.start_ns,
                "stop_ns": piece.device.stop_ns,
                "t0_ns": piece.t0_ns,
                "offset_ns": piece.offset_ns,
                "drift": piece.drift,
                "offset_variance": piece.uncertainty.offset_variance,
                "covariance": piece.uncertainty.covariance,
                "drift_variance": piece.uncertainty.drift_variance,
            }
            for piece in self.pieces
        ]
        return {"clock": self.clock, "reference": self.reference, "pieces": pieces}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> TimeMap:
        """The map that :meth:`to_dict` wrote."""
        pieces = tuple(
            Piece(
                Interval(p["start_ns"], p["stop_ns"]),
                p["t0_ns"],
                p["offset_ns"],
                p["drift"],
                Uncertainty(p["offset_variance"], p["covariance"], p["drift_variance"]),
            )
            for p in record["pieces"]
        )
        return cls(record["clock"], record["reference"], pieces)


def _join(first: Piece, second: Piece) -> Piece | None:
    """The piece of ``first`` followed by ``second``, or nothing where they share no time."""
    shared = first.reference.overlap(second.device)
    if shared is None:
        return None
    edges = first.to_device_ns(np.array([shared.start_ns, shared.stop_ns], dtype=np.int64))
    device = Interval(max(int(edges[0]), first.device.start_ns), min(int(edges[1]), first.device.stop_ns))
    if device.is_empty:
        return None
    middle_ns = first.t0_ns + first.offset_ns
    offset_ns = first.offset_ns + second.offset_at_ns(middle_ns)
    drift = (1.0 + first.drift) * (1.0 + second.drift) - 1.0
    scale = 1.0 + first.drift
    at_middle = second.uncertainty.moved(float(middle_ns - second.t0_ns))
    on_device = Uncertainty(
        at_middle.offset_variance, at_middle.covariance * scale, at_middle.drift_variance * scale**2
    )
    return Piece(device, first.t0_ns, offset_ns, drift, first.uncertainty.plus(on_device))


def _reverse(piece: Piece) -> Piece:
    """The piece seen from the reference."""
    scale = 1.0 / (1.0 + piece.drift)
    spread = piece.uncertainty
    return Piece(
        piece.reference,
        piece.t0_ns + piece.offset_ns,
        -piece.offset_ns,
        scale - 1.0,
        Uncertainty(spread.offset_variance * scale**2, spread.covariance * scale**3, spread.drift_variance * scale**4),
    )
