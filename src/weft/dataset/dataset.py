"""One version of a dataset, as training and reports read it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from weft.core import Alignment, Annotation, Finding, Interval, Recording, SourceFile, UsageError, Version
from weft.core.errors import DatasetError
from weft.core.recording import AlignedView
from weft.dataset.capsules import Capsules
from weft.dataset.filters import Filter, expression_of
from weft.dataset.manifest import Fragment, Manifest
from weft.dataset.originals import Opener, Originals
from weft.dataset.records import alignment_of, annotation_of, finding_of
from weft.dataset.store import Store
from weft.dataset.version_names import number_of
from weft.dataset.windows import Partial, Selection, WindowPlace, Windows, places_in, selection_of

_OPEN_RECORDINGS = 8


def open_dataset(
    path: str | Path,
    version: int | str | None = None,
    *,
    opener: Opener | None = None,
    to_torch: Callable[..., Any] | None = None,
) -> Dataset:
    """A version of the dataset in ``path``, the current one without ``version``.

    Parameters
    ----------
    path
        The dataset's folder.
    version
        The version's number or tag. The current version is the newest, unless :func:`make_current`
        said otherwise.
    opener
        What reopens originals; by default ``weft.open_recording``.
    to_torch
        What :meth:`Dataset.to_torch` does; ``weft.open_dataset`` gives ``weft.loaders.to_torch``,
        which lies above this room.

    Raises
    ------
    DatasetError
        If there is no dataset, or its manifest is damaged.
    UsageError
        If it has no such version.
    """
    store = Store.open(path)
    return Dataset(store, store.manifest(number_of(store, version)), opener=opener, to_torch=to_torch)


class Dataset:
    """One immutable version of a dataset.

    Tables are read from the dataset's folder; streams are read from the originals, which
    are reopened when a window asks for them, in each process anew.
    """

    def __init__(
        self,
        store: Store,
        manifest: Manifest,
        *,
        opener: Opener | None = None,
        to_torch: Callable[..., Any] | None = None,
    ) -> None:
        self.store = store
        self.manifest = manifest
        self._opener = opener or _open_recording
        self._to_torch = to_torch
        self._views: dict[tuple[int, str, tuple[str, ...]], AlignedView] = {}

    def __repr__(self) -> str:
        counts = self.manifest.counts
        return f"Dataset({str(self.store.root)!r}, version={self.version.number}, {counts['capsules']} capsules)"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_views": {}}

    @property
    def path(self) -> Path:
        """The dataset's folder."""
        return self.store.root

    @property
    def version(self) -> Version:
        """Number, parent, recipe, counts and content hash."""
        return self.manifest.version

    @property
    def recordings(self) -> tuple[str, ...]:
        """The recordings' names, sorted."""
        return tuple(entry.name for entry in self.manifest.recordings)

    def table(
        self,
        name: str,
        *,
        recording: str | None = None,
        columns: Sequence[str] | None = None,
        where: Filter = None,
    ) -> pa.Table:
        """Rows of one table, of all recordings or of one.

        Parameters
        ----------
        name
            ``recordings``, ``sources``, ``streams``, ``clocks``, ``evidence``, ``residuals``,
            ``annotations``, ``capsules``, ``contexts`` or ``findings``; :data:`weft.dataset.tables.COLUMNS`
            lists their columns.
        where
            Conditions, as in :meth:`capsules`.
        """
        fragments = [fragment for _, fragment in self._fragments(name, recording)]
        return self.store.read(name, fragments, columns=columns, where=expression_of(where, table=name))

    def capsules(self, where: Filter = None, *, recording: str | None = None) -> Capsules:
        """The capsules that meet a condition, as a sequence that reads lazily.

        Parameters
        ----------
        where
            Column names with a value, a list of values, or a half-open range, for instance
            ``{"tier": "mother", "duration_s": (0.5, None), "synthetic": False}``; or an
            Arrow expression.
        recording
            Only this recording's.

        Raises
        ------
        UsageError
            If there is no such column or recording.
        """
        rows = [fragment for _, fragment in self._fragments("capsules", recording)]
        contexts = [fragment for _, fragment in self._fragments("contexts", recording)]
        if expression_of(where) is None:
            return Capsules(self.store, contexts, [np.arange(part.rows, dtype=np.int64) for part in rows])
        return Capsules(self.store, contexts, self._chosen_rows(rows, where))

    def alignment(self, recording: str) -> Alignment:
        """The alignment of one recording, exactly as it was stored."""
        parts = ("clocks", "residuals", "evidence", "findings")
        reference = self.table("recordings", recording=recording)["reference"][0].as_py()
        tables = {part: self.table(part, recording=recording) for part in parts}
        try:
            return alignment_of(recording, reference, tables)
        except (KeyError, TypeError, ValueError) as error:
            raise DatasetError(
                f"{self.path}: the alignment of {recording!r} is not as this weft writes it ({error!r}); "
                "build the version again from the originals"
            ) from error

    def annotations(self, recording: str) -> tuple[Annotation, ...]:
        """What the recording's files said, each on its own clock."""
        return tuple(annotation_of(row) for row in self.table("annotations", recording=recording).to_pylist())

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding of every recording; the table ``findings`` also says of which stage."""
        return tuple(finding_of(row) for row in self.table("findings").to_pylist())

    def recording(self, name: str, *, verify: bool = False) -> Recording:
        """One recording, reopened from its originals.

        Parameters
        ----------
        name
            The recording's name.
        verify
            Hash every original instead of comparing its size.

        Raises
        ------
        DatasetError
            If originals are missing or have changed; all are named, with the cure.
        """
        originals = self.originals(name)
        originals.check(verify=verify)
        opened_as = self.table("recordings", recording=name)["opened_as"][0].as_py()
        opened = originals.open(self._opener, opened_as)
        wanted = self.table("streams", recording=name, columns=["stream"])["stream"].to_pylist()
        by_name = {stream.name: stream for stream in opened.streams}
        lacking = [stream for stream in wanted if stream not in by_name]
        if lacking:
            raise DatasetError(
                f"the originals of {name!r} no longer give the streams {', '.join(lacking)}; build a new version"
            )
        return replace(opened, streams=tuple(by_name[stream] for stream in wanted))

    def originals(self, name: str) -> Originals:
        """The files that a recording was read from, as they were then and where they lie now."""
        rows = self.table("sources", recording=name).to_pylist()
        sources = [SourceFile(row["path"], row["size_bytes"], row["reader"], row["sha256"]) for row in rows]
        return Originals(self.store, name, sources)

    def windows(
        self,
        length_s: float,
        stride_s: float | None = None,
        *,
        streams: Sequence[str] | None = None,
        rates_hz: Mapping[str, float] | None = None,
        recordings: Sequence[str] | None = None,
        partial: Partial = "keep",
    ) -> Windows:
        """Windows of equal length over every recording, half-open, on the reference clock.

        They start where the first of the chosen, aligned streams starts, and go on to
        where the last one ends. Without ``stride_s`` they touch and do not overlap. The
        last one may reach beyond the end, where its masks are false; ``partial="drop"``
        leaves it out.

        Parameters
        ----------
        length_s, stride_s
            Seconds.
        streams
            Names of streams, or modalities, each answered by the first stream of it.
        rates_hz
            Rate by stream or modality; a stream without one keeps its own samples.
        recordings
            Only these.
        partial
            What becomes of windows that reach beyond the end.
        """
        names = self.recordings if recordings is None else tuple(recordings)
        selections = self._selections(names, streams, rates_hz)
        places: list[WindowPlace] = []
        for name in names:
            if extent := self._extent(name, selections[name]):
                places += places_in(name, extent, length_s, stride_s or length_s, partial=partial)
        return Windows(places, selections, self._view)

    def capsule_windows(
        self,
        where: Filter = None,
        *,
        part: Literal["interval", "context"] = "interval",
        streams: Sequence[str] | None = None,
        rates_hz: Mapping[str, float] | None = None,
    ) -> Windows:
        """One window for each chosen capsule: its interval, or its whole context.

        ``places[i].capsule`` is the position in ``capsules(where)``.
        """
        if part not in ("interval", "context"):
            raise UsageError(f'a capsule\'s part is "interval" or "context", found {part!r}')
        start, stop = ("start_ns", "stop_ns") if part == "interval" else ("context_start_ns", "context_stop_ns")
        rows = self.table("capsules", columns=["recording", start, stop], where=where).to_pylist()
        places = [WindowPlace(r["recording"], Interval(r[start], r[stop]), i) for i, r in enumerate(rows)]
        names = tuple(sorted({place.recording for place in places}))
        return Windows(places, self._selections(names, streams, rates_hz), self._view)

    def to_torch(self, kind: Literal["windows", "capsules"] = "windows", **options: Any) -> Any:
        """A map-style ``torch.utils.data.Dataset`` of windows or capsules; see ``weft.loaders.to_torch``.

        Raises
        ------
        UsageError
            If the dataset was not opened by ``weft.open_dataset``.
        MissingExtraError
            If torch is not installed.
        """
        if self._to_torch is None:
            raise UsageError("this dataset was not opened by weft.open_dataset; pass it to weft.loaders.to_torch")
        return self._to_torch(self, kind, **options)

    def _fragments(self, table: str, recording: str | None) -> list[tuple[str, Fragment]]:
        """The fragments of one table, with their recordings."""
        entries = self.manifest.recordings if recording is None else (self.manifest.entry(recording),)
        return [(entry.name, entry.tables[table]) for entry in entries if table in entry.tables]

    def _chosen_rows(self, fragments: Sequence[Fragment], where: Filter) -> list[Any]:
        """For each fragment the numbers of the rows that meet a condition, read in one scan."""
        named = list(where) if isinstance(where, Mapping) else None
        everything = self.store.read("capsules", fragments, columns=named)
        number = pa.array(np.arange(everything.num_rows, dtype=np.int64))
        chosen = everything.append_column("row_number", number).filter(expression_of(where))["row_number"].to_numpy()
        starts = np.concatenate([[0], np.cumsum([fragment.rows for fragment in fragments])]).astype(np.int64)
        edges = np.searchsorted(chosen, starts)
        return [chosen[edges[i] : edges[i + 1]] - starts[i] for i in range(len(fragments))]

    def _selections(
        self, names: Sequence[str], streams: Sequence[str] | None, rates_hz: Mapping[str, float] | None
    ) -> dict[str, Selection]:
        """For each recording the streams that answer what was asked for."""
        rows: dict[str, list[dict[str, str]]] = {name: [] for name in names}
        for row in self.table("streams", columns=["recording", "stream", "modality"]).to_pylist():
            rows.get(row["recording"], []).append(row)
        known = {str(row[key]) for some in rows.values() for row in some for key in ("stream", "modality")}
        unknown = [name for name in [*(streams or ()), *(rates_hz or ())] if name not in known]
        if unknown and names:
            raise UsageError(f"no recording has a stream or modality {', '.join(unknown)}; there are {sorted(known)}")
        return {name: selection_of(rows[name], streams, rates_hz) for name in names}

    def _extent(self, name: str, selection: Selection) -> Interval | None:
        """From the first to the last reference time of a recording's chosen streams."""
        rows = self.table("streams", recording=name, columns=["stream", "reference_start_ns", "reference_stop_ns"])
        hull: Interval | None = None
        for row in rows.to_pylist():
            if row["stream"] in selection.names.values() and row["reference_start_ns"] is not None:
                interval = Interval(row["reference_start_ns"], row["reference_stop_ns"])
                hull = interval if hull is None else hull.hull(interval)
        return hull

    def _view(self, name: str, streams: tuple[str, ...]) -> AlignedView:
        """The aligned view of one recording's chosen streams, opened once in each process."""
        key = (os.getpid(), name, streams)
        if key not in self._views:
            self._views = {k: view for k, view in list(self._views.items())[1 - _OPEN_RECORDINGS :] if k[0] == key[0]}
            recording = self.recording(name)
            chosen = tuple(stream for stream in recording.streams if stream.name in streams)
            self._views[key] = _aligned(replace(recording, streams=chosen), self.alignment(name))
        return self._views[key]


def _aligned(recording: Recording, alignment: Alignment) -> AlignedView:
    """The recording on its reference clock, by its own aligner if it was opened with one."""
    if recording.aligner is not None:
        return recording.aligned(alignment)
    from weft.sync.view.recording import AlignedRecording

    return AlignedRecording(recording, alignment)


def _open_recording(path: Path | Sequence[Path]) -> Recording:
    """What ``weft.open_recording`` gives; files that could not be read then cannot be read now either."""
    from weft.readers.folder import open_recording

    return open_recording(path, skip_unreadable=True)
