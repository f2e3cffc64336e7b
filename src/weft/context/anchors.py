"""What capsules are about: utterances, events, or tiles where there is neither."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from weft.context.mapping import order
from weft.context.options import ContextOptions
from weft.context.presence import Presence
from weft.context.snapping import Blocks
from weft.core import Annotation, Interval, Modality, Origin, UsageError, seconds_to_ns


def anchors_of(
    said: Sequence[Annotation],
    utterances: Sequence[Annotation],
    presences: Sequence[Presence],
    clock: str,
    options: ContextOptions,
) -> tuple[Annotation, ...]:
    """The anchors of a recording: the first of ``options.anchor_kinds`` that it has.

    Parameters
    ----------
    said
        Everything said about the recording, on the reference clock.
    utterances
        Those of ``said`` that are utterances.
    presences
        Where its streams have samples.
    clock
        The reference clock.
    options
        ``anchor_kinds``, ``event_kinds``, ``segment_s`` and ``most_anchors``.

    Raises
    ------
    UsageError
        If there are more than ``options.most_anchors``.
    """
    for kind in options.anchor_kinds:
        if kind == "utterance":
            found = list(utterances)
        elif kind == "segment":
            found = _tiles(presences, clock, options)
        else:
            wanted = options.event_kinds if kind == "event" else (kind,)
            found = [annotation for annotation in said if annotation.kind in wanted]
        if found:
            _refuse_too_many(len(found), kind, options)
            return tuple(sorted(found, key=order))
    return ()


def _refuse_too_many(count: int, kind: str, options: ContextOptions) -> None:
    """Say how to get by with fewer."""
    if count > options.most_anchors:
        raise UsageError(
            f"{count} anchors of kind {kind!r} are more than most_anchors = {options.most_anchors}; "
            "raise it, or leave the kind out of anchor_kinds"
        )


def events_of(presences: Sequence[Presence], clock: str) -> tuple[Annotation, ...]:
    """The samples of marker streams as point events on the reference clock, in order.

    A sample of several columns becomes a list; numbers stay numbers.
    """
    found = []
    for presence in presences:
        stream, time_map = presence.stream, presence.time_map
        if stream.modality is not Modality.EVENT or time_map is None or not len(stream):
            continue
        times_ns = time_map.apply(stream.timestamps_ns, extrapolate=True)
        for t_ns, value in zip(times_ns.tolist(), stream.samples.read(0, len(stream)), strict=True):
            found.append(
                Annotation(
                    kind="event",
                    interval=Interval(t_ns, t_ns),
                    clock=clock,
                    value=_plain(value),
                    origin=Origin.IMPORT,
                    method=f"samples of {stream.name}",
                    tier=stream.name,
                    stream=stream.name,
                )
            )
    return tuple(sorted(found, key=order))


def _plain(value: object) -> object:
    """A marker's value as JSON holds it: text, a number, a list, or ``None`` for what is not a number."""
    if isinstance(value, (np.ndarray, list, tuple)):
        plain = [_plain(item) for item in value]
        return plain[0] if len(plain) == 1 else plain
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)


def _tiles(presences: Sequence[Presence], clock: str, options: ContextOptions) -> list[Annotation]:
    """Tiles over every stretch for which some stream has samples; a short rest joins the tile before."""
    length_ns = seconds_to_ns(options.segment_s)
    covered = Blocks(whole for presence in presences if (whole := presence.whole) is not None)
    _refuse_too_many(sum(-(-block.duration_ns // length_ns) for block in covered), "segment", options)
    return [
        Annotation(
            kind="segment",
            interval=tile,
            clock=clock,
            value=None,
            origin=Origin.MEASURED,
            method=f"tiles of {options.segment_s:g} s",
            confidence=1.0,
        )
        for block in covered
        for tile in tiled(block, length_ns)
    ]


def tiled(block: Interval, length_ns: int) -> list[Interval]:
    """``block`` cut into tiles of ``length_ns``; the last takes a rest of less than half a tile.

    Examples
    --------
    >>> tiled(Interval(0, 24), 10)
    [Interval(start_ns=0, stop_ns=10), Interval(start_ns=10, stop_ns=24)]
    """
    count = max(1, (block.duration_ns + length_ns // 2) // length_ns)
    edges = [block.start_ns + i * length_ns for i in range(count)] + [block.stop_ns]
    return [Interval(a, b) for a, b in pairwise(edges)]
