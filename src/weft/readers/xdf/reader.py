"""LSL recordings (XDF): every stream in its own device's clock, the clock offsets beside it as evidence."""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import numpy as np
from numpy.typing import NDArray

from weft.core import (
    NS_PER_S,
    Annotation,
    ArraySamples,
    Clock,
    Epoch,
    Evidence,
    Finding,
    Interval,
    ListedTimeline,
    Modality,
    Origin,
    Stream,
    UnreadableError,
)
from weft.core.stream import RECORDED
from weft.core.times import LATEST_NS, Int64Array
from weft.readers.clock_unfolding import Unfolded, unfold
from weft.readers.lost_samples import find_lost_samples
from weft.readers.protocol import Contents, Probe, Request
from weft.readers.sample_order import never_backwards, order_of
from weft.readers.xdf.chunks import Walk, looks_like_xdf, open_bytes, sound_bytes, walk
from weft.readers.xdf.findings import clock_findings, file_findings, no_streams, out_of_order
from weft.readers.xdf.offset_scatter import offset_sds_ns

PATH_ASYMMETRY_NS = 200_000.0
"""Half a round trip hides how much longer one way took. liblsl's documentation names ±0.2 ms in practice."""

MODALITIES = {
    "audio": Modality.AUDIO,
    "gaze": Modality.GAZE,
    "accelerometer": Modality.MOTION,
    "gyroscope": Modality.MOTION,
    "imu": Modality.MOTION,
    "mocap": Modality.POSE,
    "markers": Modality.EVENT,
    "stringmarker": Modality.EVENT,
    "stringmarkers": Modality.EVENT,
    "marker": Modality.EVENT,
    "events": Modality.EVENT,
    "videocompressed": Modality.TABLE,
    **dict.fromkeys(
        ("eeg", "ecg", "ekg", "emg", "eda", "gsr", "eog", "ppg", "nirs", "resp", "respiration", "temperature", "meg"),
        Modality.PHYSIOLOGY,
    ),
}
"""LSL content types (https://github.com/sccn/xdf/wiki/Meta-Data), in lower case."""

_FAULTS = (
    struct.error,
    ParseError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    MemoryError,
)


class XdfReader:
    """Reads ``.xdf``, ``.xdfz`` and ``.xdf.gz``.

    The file's own clock ``<clock>`` is the recorder's LSL clock. Each stream reads the
    clock ``<clock>/<stream>`` of the device that sent it, with its stamps as they were
    recorded; the recorder's clock offsets become evidence of method ``"lsl"``. Nothing is
    synchronised, dejittered or cut into segments here.

    Notes
    -----
    XDF stores no round-trip time with a clock offset, so each offset's sd is inferred from
    the scatter of its neighbours, never below 0.1 ms. Stamps that XDF leaves out are
    deduced from the nominal rate, as the format prescribes.

    pyxdf decodes the whole file into memory; a recording needs about twice its size.

    When it fails: XDF has no checksum, so destroyed bytes inside a samples chunk are read
    as values. A clock that was set back within the last seconds of a recording, after its
    last clock offset, is taken for samples out of order.
    """

    name = "xdf"

    def recognises(self, probe: Probe) -> bool:
        """Whether the file begins as XDF does, plain or gzip-compressed."""
        return looks_like_xdf(probe.head)

    def read(self, request: Request) -> Contents:
        """The file's streams; read up to the cut where it is damaged, with a finding.

        Raises
        ------
        UnreadableError
            If it is no XDF file, the header of a stream is damaged, or a stamp is no time.
        """
        found, streams, findings = _decode(request.path, request.name)
        names = _unique_names(streams)
        parts = [_read_stream(stream, name, request) for stream, name in zip(streams, names, strict=True)]
        if not streams:
            findings.append(no_streams(request.name, found.size))
        return Contents(
            streams=tuple(part[0] for part in parts),
            clocks=(Clock(request.clock, Epoch.BOOT), *(part[1] for part in parts)),
            annotations=tuple(annotation for part in parts for annotation in part[2]),
            evidence=tuple(evidence for part in parts for evidence in part[3]),
            findings=(*findings, *(finding for part in parts for finding in part[4])),
        )


def _decode(path: Path, name: str) -> tuple[Walk, list[Mapping[str, Any]], list[Finding]]:
    """The streams that pyxdf finds in the sound chunks, and what is wrong with the others."""
    import pyxdf

    stream, size, unpacking = open_bytes(path)
    with stream:
        found = walk(stream, size, name)
        with _pyxdf_remarks() as remarks, np.errstate(all="ignore"):
            try:
                streams, _ = pyxdf.load_xdf(
                    sound_bytes(stream, found),
                    synchronize_clocks=False,
                    dejitter_timestamps=False,
                    handle_clock_resets=False,
                )
            except _FAULTS as error:
                raise UnreadableError(
                    f"{name}: pyxdf cannot decode it ({type(error).__name__}: {error}); restore the file from a copy"
                ) from error
    return found, streams, file_findings(name, found, unpacking, remarks)


@contextmanager
def _pyxdf_remarks() -> Iterator[list[str]]:
    """What pyxdf logs while it reads, gathered instead of printed."""
    remarks: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: remarks.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("pyxdf.pyxdf")
    propagate = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield remarks
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


def _unique_names(streams: list[Mapping[str, Any]]) -> list[str]:
    """A name for each stream; those that share one get a number."""
    names: list[str] = []
    for stream in streams:
        plain = _text(stream["info"], "name").replace("/", ".").strip() or f"stream_{stream['info']['stream_id']}"
        name, number = plain, 1
        while name in names:
            number += 1
            name = f"{plain}_{number}"
        names.append(name)
    return names


_Part = tuple[Stream, Clock, list[Annotation], list[Evidence], list[Finding]]


def _read_stream(raw: Mapping[str, Any], name: str, request: Request) -> _Part:
    """One stream with its clock, annotations, evidence and findings."""
    full_name, info = f"{request.clock}/{name}", raw["info"]
    where = f"{request.name}: stream {name!r}"
    unfolded = unfold(
        _to_ns(raw["time_stamps"], f"{where}: sample"),
        _to_ns(raw["clock_times"], f"{where}: clock offset"),
        _to_ns(raw["clock_values"], f"{where}: clock offset"),
    )
    values = _values(raw, info)
    findings = clock_findings(full_name, unfolded)
    rate_hz = float(_text(info, "nominal_srate") or 0.0)
    order = order_of(unfolded.stamps_ns, regular=rate_hz > 0)
    recorded_ns = unfolded.stamps_ns[order]
    stamps_ns = never_backwards(recorded_ns)
    if np.any(np.diff(unfolded.stamps_ns) < 0):
        kept = bool(np.any(stamps_ns != recorded_ns))
        findings.append(out_of_order(full_name, unfolded.stamps_ns, kept_order=kept))
    gaps, lost = (
        find_lost_samples(recorded_ns, full_name, resets=unfolded.resets, nominal_rate_hz=rate_hz)
        if rate_hz > 0
        else ([], None)
    )
    findings += [lost] if lost else []
    labels, units = _channels(info)
    stream = Stream(
        name=full_name,
        modality=_modality(info),
        clock=full_name,
        timeline=ListedTimeline(stamps_ns),
        samples=ArraySamples(values[order]),
        nominal_rate_hz=rate_hz or None,
        channels=labels,
        units=units,
        stamps={f"{full_name}/{RECORDED}": recorded_ns} if np.any(stamps_ns != recorded_ns) else {},
        source=request.name,
        details={**_details(info), **({"gaps_ns": gaps} if gaps else {})},
    )
    clock = Clock(full_name, Epoch.BOOT, unfolded.resets)
    return stream, clock, _annotations(stream), _evidence(full_name, request, unfolded), findings


def _to_ns(seconds: Any, where: str) -> Int64Array:
    """Seconds of a clock as nanoseconds."""
    times = np.asarray(seconds, dtype=np.float64)
    with np.errstate(all="ignore"):
        bad = np.flatnonzero(~(np.abs(times) < LATEST_NS / NS_PER_S))
    if bad.size:
        raise UnreadableError(
            f"{where} {int(bad[0])} has the stamp {times[bad[0]]} s ({bad.size} of {times.size} are no times); "
            f"restore the file from a copy, or leave it out"
        )
    return np.rint(times * NS_PER_S).astype(np.int64)


def _values(raw: Mapping[str, Any], info: Mapping[str, Any]) -> NDArray[Any]:
    """The samples, shape (n, channels); text of one channel has shape (n,)."""
    if _text(info, "channel_format") != "string":
        return np.asarray(raw["time_series"])
    channels = int(_text(info, "channel_count"))
    rows = raw["time_series"]
    values = np.empty((len(rows), channels), dtype=object)
    for number, row in enumerate(rows):
        values[number] = row
    return values[:, 0] if channels == 1 else values


def _modality(info: Mapping[str, Any]) -> Modality:
    """What the stream's content type stands for."""
    is_text = _text(info, "channel_format") == "string"
    known = MODALITIES.get(_text(info, "type").strip().lower())
    if known is not None and not (is_text and known is not Modality.EVENT):
        return known
    return Modality.TEXT if is_text else Modality.TABLE


def _channels(info: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The label and unit of each channel, where the description gives one for every channel."""
    described = _listed(info, "desc", "channels", "channel")
    if len(described) != int(_text(info, "channel_count")):
        return (), ()
    labels = tuple(_text(channel, "label") for channel in described)
    units = tuple(_text(channel, "unit") for channel in described)
    return (labels if all(labels) else ()), (units if any(units) else ())


def _listed(record: Any, *path: str) -> list[Any]:
    """What lies at a path of pyxdf's lists of dictionaries; empty where it breaks off."""
    for key in path:
        below = record.get(key) if isinstance(record, Mapping) else None
        if not below:
            return []
        record = below if key == path[-1] else below[0]
    return [one for one in record if isinstance(one, Mapping)]


def _text(record: Mapping[str, Any], key: str) -> str:
    """One text field of pyxdf's lists of dictionaries; empty where there is none."""
    value = record.get(key) or [""]
    return value[0] if isinstance(value[0], str) else ""


def _details(info: Mapping[str, Any]) -> dict[str, Any]:
    """What else the header says, by LSL's own names."""
    keys = ("type", "channel_format", "source_id", "hostname", "uid", "session_id", "created_at")
    return {"format": "xdf", "stream_id": info["stream_id"]} | {
        key: _text(info, key) for key in keys if _text(info, key)
    }


def _annotations(stream: Stream) -> list[Annotation]:
    """A point event for every marker."""
    if stream.modality is not Modality.EVENT:
        return []
    values = stream.samples.read(0, len(stream))
    return [
        Annotation(
            kind="event",
            interval=Interval(int(t_ns), int(t_ns)),
            clock=stream.clock,
            value=_marker(value),
            origin=Origin.IMPORT,
            method="xdf",
            tier=stream.name.partition("/")[2],
            stream=stream.name,
        )
        for t_ns, value in zip(stream.timestamps_ns, values, strict=True)
    ]


def _marker(value: Any) -> Any:
    """A marker's value as JSON knows it."""
    if not isinstance(value, np.ndarray):
        return value
    return value.tolist()[0] if value.size == 1 else value.tolist()


def _evidence(clock: str, request: Request, unfolded: Unfolded) -> list[Evidence]:
    """The clock offsets of one stream; none when the recorder measured none."""
    if not unfolded.times_ns.size:
        return []
    sds_ns = offset_sds_ns(unfolded.offsets_ns)
    return [
        Evidence(
            clock=clock,
            reference=request.clock,
            times_ns=unfolded.times_ns,
            offsets_ns=unfolded.offsets_ns,
            sds_ns=sds_ns,
            method="lsl",
            systematic_sd_ns=max(PATH_ASYMMETRY_NS, float(np.median(sds_ns))),
            sources=(request.name,),
            details={"sds": "inferred from the scatter of neighbouring offsets; XDF stores no round-trip time"},
        )
    ]
