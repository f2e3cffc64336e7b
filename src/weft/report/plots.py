"""The report's pictures as inline SVG, coloured by the page's style so that they suit screen, dark and print."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from weft.core import NS_PER_MS, NS_PER_S, ClockAlignment, Interval, Piece, Residual, Status
from weft.core.time_map import LEAST_JUMP_NS
from weft.core.times import Int64Array
from weft.report.axes import Axes
from weft.report.coverage import joined
from weft.report.data import StreamData, Waveform

MOST_POINTS = 240
"""Of residuals that are drawn; more would only lie on each other."""

CURVE_POINTS = 40
"""Of each piece's curve."""

Floats = NDArray[np.float64]


def clock_plot(entry: ClockAlignment, span: Interval, origin_ns: int, *, x_label: str) -> Markup:
    """A clock's offset over time, less the straight line of its longest piece, with its 95 % band.

    Parameters
    ----------
    entry
        A clock with a map.
    span
        The reference times to draw.
    origin_ns
        What the axis calls zero.
    """
    curves = [_curve(piece, entry, span) for piece in _pieces(entry) if piece.reference.overlaps(span)]
    if not curves:
        return Markup("")
    longest = max(_pieces(entry), key=lambda piece: (piece.reference.overlap(span) or Interval(0, 0)).duration_ns)
    rows = []
    for t_device_ns, t_reference_ns, error_ms in curves:
        # Of the two readings only the difference from the longest piece's line is small enough to be seen.
        deviation_ms = (t_reference_ns - longest.to_reference_ns(t_device_ns)) / NS_PER_MS
        rows.append(((t_reference_ns - origin_ns) / NS_PER_S, deviation_ms, error_ms))
    values = [float(v) for _, y, e in rows for v in (*(y - e), *(y + e))]
    axes = Axes.around(_seconds(span, origin_ns), values, x_label=x_label, y_label="offset − line, ms")
    marks = []
    for x, y, error_ms in rows:
        marks.append(f'<path class="band" d="{axes.band(x, y - error_ms, y + error_ms)}"/>')
        marks.append(f'<path class="curve" d="{axes.line(x, y)}"/>')
    marks += _jump_marks(axes, entry, origin_ns)
    title = f"Clock {entry.clock.name}: deviation of its offset from a straight line over time, with the 95 % band"
    return axes.drawn(marks, title=title)


def residual_plot(entry: ClockAlignment, span: Interval, origin_ns: int, *, x_label: str) -> Markup:
    """Each measurement's distance from the solution: filled where it was used, hollow where it was left out.

    The scale follows the used ones; hollow ones beyond it sit on the frame's edge.
    """
    if entry.time_map is None or not entry.residuals:
        return Markup("")
    used = _thinned([r for r in entry.residuals if r.used])
    left_out = _thinned([r for r in entry.residuals if not r.used])
    figures = used or left_out
    reach = [abs(r.residual_ns) + 1.96 * r.sd_ns for r in figures]
    scale = 1.5 * float(np.quantile(reach, 0.95)) / NS_PER_MS
    axes = Axes.around(_seconds(span, origin_ns), [-scale, scale], x_label=x_label, y_label="residual, ms")
    marks = []
    for residuals, kind in ((used, "used"), (left_out, "out")):
        if residuals:
            x, y, sd = _points(residuals, entry, origin_ns)
            if kind == "used":
                marks.append(f'<path class="whisker" d="{_whiskers(axes, x, y, 1.96 * sd)}"/>')
            marks.append(f'<path class="dot {kind}" d="{axes.dots(x, y)}"/>')
            marks.append(f'<path class="core {kind}" d="{axes.dots(x, y)}"/>')
    title = (
        f"Clock {entry.clock.name}: {len(entry.residuals)} measurements minus the solution over time; "
        f"{sum(not r.used for r in entry.residuals)} were left out as outliers"
    )
    return axes.drawn(marks, title=title)


def error_plot(entry: ClockAlignment, span: Interval, origin_ns: int, *, x_label: str) -> Markup:
    """A clock's 95 % error over time: least where its evidence lies, which ticks at the foot show."""
    curves = [_curve(piece, entry, span) for piece in _pieces(entry) if piece.reference.overlaps(span)]
    if not curves:
        return Markup("")
    axes = Axes.around(
        _seconds(span, origin_ns),
        [float(e) for _, _, error_ms in curves for e in error_ms],
        x_label=x_label,
        y_label="95 % error, ms",
    )
    marks = []
    for _, t_reference_ns, error_ms in curves:
        x = (t_reference_ns - origin_ns) / NS_PER_S
        marks.append(f'<path class="band" d="{axes.band(x, np.zeros(len(x)), error_ms)}"/>')
        marks.append(f'<path class="curve" d="{axes.line(x, error_ms)}"/>')
    used = _thinned([r for r in entry.residuals if r.used])
    if used:
        x, _, _ = _points(used, entry, origin_ns)
        foot = "".join(f"M{at:.1f},{axes.foot_px}v-6" for at in axes.x_px(x))
        marks.append(f'<path class="moment" d="{foot}"/>')
    marks += _jump_marks(axes, entry, origin_ns)
    title = f"Clock {entry.clock.name}: half-width of its 95 % interval over time, and where its evidence lies"
    return axes.drawn(marks, title=title)


def _jump_marks(axes: Axes, entry: ClockAlignment, origin_ns: int) -> list[str]:
    """A dashed line wherever the clock jumps."""
    pieces = _pieces(entry)
    starts = [
        after.reference.start_ns
        for before, after in pairwise(pieces)
        if abs(after.offset_at_ns(after.device.start_ns) - before.offset_at_ns(before.device.stop_ns)) > LEAST_JUMP_NS
    ]
    inside = [t for t in starts if axes.x_low <= (t - origin_ns) / NS_PER_S <= axes.x_high]
    at_px = axes.x_px((np.array(inside, dtype=np.int64) - origin_ns) / NS_PER_S)
    return [f'<path class="jump" d="M{at:.1f},{axes.head_px}V{axes.foot_px}"/>' for at in at_px]


def coverage_strip(stream: StreamData, span: Interval) -> Markup:
    """One stream's stretches as bars, 0..1000 wide; stretched by the page to the width there is."""
    kind = {Status.ALIGNED: "ok", Status.WEAK: "weak", Status.NOT_ALIGNED: "bad"}[stream.status]
    parts = ['<svg class="strip" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">']
    scale = 1000.0 / max(1, span.duration_ns)
    if stream.stretches:
        # A gap narrower than a third of a millimetre cannot be seen; its share is told in words.
        shown = joined(stream.stretches, span.duration_ns // 1000)
        path = "".join(
            f"M{(s.start_ns - span.start_ns) * scale:.1f},0h{max(0.8, s.duration_ns * scale):.1f}v10h"
            f"{-max(0.8, s.duration_ns * scale):.1f}z"
            for s in shown
        )
        parts.append(f'<path class="bar {kind}" d="{path}"/>')
    if stream.instants:
        ticks = "".join(f"M{(t - span.start_ns) * scale:.1f},0v10" for t in stream.instants if span.contains(t))
        parts.append(f'<path class="tick {kind}" d="{ticks}" vector-effect="non-scaling-stroke"/>')
    if stream.status is Status.NOT_ALIGNED and stream.duration_ns:
        width = min(1000.0, stream.duration_ns * scale)
        parts.append(f'<path class="bar bad" d="M0,0h{width:.1f}v10h{-width:.1f}z"/>')
    return Markup("".join([*parts, "</svg>"]))


def wave_picture(waveform: Waveform) -> Markup:
    """The outline of a sound, one unit per part, -1..1 high, quiet below and above the middle alike."""
    parts = [
        '<svg class="wave" viewBox="0 -1.05 ',
        f'{len(waveform.low)} 2.1" preserveAspectRatio="none" aria-hidden="true">',
    ]
    lines = "".join(
        f"M{i + 0.5:g},{-high:g}V{-min(low, high - 0.02):g}"
        for i, (low, high) in enumerate(zip(waveform.low, waveform.high, strict=True))
        if high == high and low == low
    )
    parts.append(f'<path d="{lines}" vector-effect="non-scaling-stroke"/></svg>')
    return Markup("".join(parts))


def _pieces(entry: ClockAlignment) -> Sequence[Piece]:
    """The pieces of a clock's map; none where it has no map."""
    return entry.time_map.pieces if entry.time_map else ()


def _curve(piece: Piece, entry: ClockAlignment, span: Interval) -> tuple[Int64Array, Int64Array, Floats]:
    """Device times, reference times and 95 % errors along the part of a piece that is drawn."""
    shown = piece.reference.overlap(span) or Interval(span.start_ns, span.start_ns)
    t_reference_ns = np.linspace(shown.start_ns, shown.stop_ns - 1, CURVE_POINTS).astype(np.int64)
    t_device_ns = piece.to_device_ns(t_reference_ns)
    inside = np.clip(t_device_ns, piece.device.start_ns, piece.device.stop_ns - 1)
    error_ms = entry.time_map.error95_ns(inside) / NS_PER_MS if entry.time_map else np.zeros(len(inside))
    return t_device_ns, t_reference_ns, error_ms


def _points(residuals: Sequence[Residual], entry: ClockAlignment, origin_ns: int) -> tuple[Floats, Floats, Floats]:
    """Seconds, milliseconds, and milliseconds of standard deviation."""
    t_device_ns = np.array([r.t_device_ns for r in residuals], dtype=np.int64)
    t_reference_ns = entry.time_map.apply(t_device_ns, extrapolate=True) if entry.time_map else t_device_ns
    y = np.array([r.residual_ns for r in residuals]) / NS_PER_MS
    return (t_reference_ns - origin_ns) / NS_PER_S, y, np.array([r.sd_ns for r in residuals]) / NS_PER_MS


def _whiskers(axes: Axes, x: Floats, y: Floats, half: Floats) -> str:
    """A path's data of vertical lines."""
    rows = zip(axes.x_px(x), axes.y_px(y - half), axes.y_px(y + half), strict=True)
    return "".join(f"M{at:.1f},{low:.1f}V{high:.1f}" for at, low, high in rows)


def _thinned(residuals: Sequence[Residual]) -> list[Residual]:
    """At most :data:`MOST_POINTS`, evenly taken in order of time."""
    ordered = sorted(residuals, key=lambda r: (r.t_device_ns, r.method, r.residual_ns))
    if len(ordered) <= MOST_POINTS:
        return ordered
    return [ordered[len(ordered) * i // MOST_POINTS] for i in range(MOST_POINTS)]


def _seconds(span: Interval, origin_ns: int) -> tuple[float, float]:
    """The ends of a span in seconds since the origin."""
    return (span.start_ns - origin_ns) / NS_PER_S, (span.stop_ns - origin_ns) / NS_PER_S
