"""Windows of a dataset's recordings on their reference clocks.

::

    recording   |-----------------------------|
    windows     |--------|--------|--------|--------|     stride = length: cover without overlap
                0        1        2        3  ^ the last one is whole; what lies beyond the
                                                recording is masked (partial="drop" leaves it out)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, overload

from weft.core import Interval, UsageError, Window, seconds_to_ns
from weft.core.recording import AlignedView

Partial = Literal["keep", "drop"]


@dataclass(frozen=True, slots=True)
class WindowPlace:
    """Where one window lies: its recording, its reference times, and its capsule if it is one's."""

    recording: str
    interval: Interval
    capsule: int | None = None


@dataclass(frozen=True)
class Selection:
    """The streams of one recording that were asked for.

    Parameters
    ----------
    names
        What was asked for (a stream's name or a modality) to the stream that answers it.
    rates_hz
        Rates by the stream's name.
    """

    names: Mapping[str, str]
    rates_hz: Mapping[str, float]


class Windows(Sequence[Window]):
    """Windows by number; each is read from the originals when it is asked for.

    Parameters
    ----------
    places
        Where each lies.
    selections
        For each recording the streams that windows hold.
    view
        Gives a recording's aligned view with only the named streams.
    """

    def __init__(
        self,
        places: Sequence[WindowPlace],
        selections: Mapping[str, Selection],
        view: Callable[[str, tuple[str, ...]], AlignedView],
    ) -> None:
        self.places = tuple(places)
        self.selections = dict(selections)
        self._view = view

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, index: int) -> Window: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Window, ...]: ...

    def __getitem__(self, index: int | slice) -> Window | tuple[Window, ...]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        place = self.places[index]
        selection = self.selections[place.recording]
        view = self._view(place.recording, tuple(sorted(set(selection.names.values()))))
        return view.window(place.interval.start_ns, place.interval.stop_ns, selection.rates_hz)

    def __iter__(self) -> Iterator[Window]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        return f"Windows({len(self)} of {len(self.selections)} recordings)"


def places_in(
    recording: str, extent: Interval, length_s: float, stride_s: float, *, partial: Partial = "keep"
) -> list[WindowPlace]:
    """Windows of equal length from the start of ``extent`` on, one every ``stride_s``.

    With ``stride_s == length_s`` they cover the extent without overlap. A window that
    would end beyond the extent is kept whole (``"keep"``) or left out (``"drop"``).

    Raises
    ------
    UsageError
        If a length or stride is not positive.

    Examples
    --------
    >>> [str(p.interval) for p in places_in("r", Interval(0, 2_500_000_000), 1.0, 1.0)]
    ['[0.000, 1.000) s', '[1.000, 2.000) s', '[2.000, 3.000) s']
    """
    length_ns, stride_ns = seconds_to_ns(length_s), seconds_to_ns(stride_s)
    if length_ns <= 0 or stride_ns <= 0:
        raise UsageError(f"windows need a positive length and stride, found {length_s} s and {stride_s} s")
    if partial not in ("keep", "drop"):
        raise UsageError(f'partial is "keep" or "drop", found {partial!r}')
    last_ns = extent.stop_ns if partial == "keep" else extent.stop_ns - length_ns + 1
    starts = range(extent.start_ns, last_ns, stride_ns)
    return [WindowPlace(recording, Interval(start, start + length_ns)) for start in starts]


def selection_of(
    streams: Sequence[Mapping[str, object]], wanted: Sequence[str] | None, rates_hz: Mapping[str, float] | None
) -> Selection:
    """Which of a recording's streams answer what was asked for.

    A wanted name is a stream's name, or a modality, which the recording's first stream of
    that modality answers. What no stream answers is absent; the loaders mask it.

    Parameters
    ----------
    streams
        Rows of the table ``streams``.
    wanted
        Names or modalities; ``None`` for every stream under its own name.
    rates_hz
        Rates by name or by modality.
    """
    by_name = {str(row["stream"]): str(row["stream"]) for row in streams}
    by_modality = {str(row["modality"]): str(row["stream"]) for row in reversed(streams)}
    asked = list(by_name) if wanted is None else list(wanted)
    names = {one: found for one in asked if (found := by_name.get(one) or by_modality.get(one))}
    rates: dict[str, float] = {}
    for row in streams:
        for key in (str(row["stream"]), str(row["modality"])):
            if rates_hz and key in rates_hz and row["stream"] in names.values():
                rates.setdefault(str(row["stream"]), float(rates_hz[key]))
    return Selection(names, rates)
