"""One topic gathered during the pass over a bag, and the streams it becomes."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from weft.core import ArraySamples, Clock, Finding, ListedTimeline, Severity, Stream
from weft.core.times import Int64Array
from weft.readers.bags.header_clock import Settled, settle
from weft.readers.bags.message_codecs import BytesCodec, Codec, TakeNumbersByName, find_codec
from weft.readers.bags.ros_types import DecodingError
from weft.readers.bags.samples import MessageSamples
from weft.readers.bags.storage import Channel, Storage, StoredMessage
from weft.readers.bags.topic_signals import Columns, Lazy, Signal
from weft.readers.protocol import Request

_FAULTS = (DecodingError, ValueError, TypeError, AttributeError, KeyError, IndexError, OverflowError)


def int64(values: array[int]) -> Int64Array:
    """The gathered numbers as an array of their own."""
    return np.array(values, dtype=np.int64)


@dataclass
class Stamps:
    """The times of one topic's messages, in the order of the file."""

    log: array[int] = field(default_factory=lambda: array("q"))
    publish: array[int] = field(default_factory=lambda: array("q"))
    header: array[int] = field(default_factory=lambda: array("q"))

    def add(self, message: StoredMessage, header_ns: int | None) -> None:
        """Keep the times of one message."""
        self.log.append(message.log_ns)
        self.publish.append(message.publish_ns)
        if header_ns is not None:
            self.header.append(header_ns)

    def settle(self, subject: str, log_clock: str) -> Settled:
        """The clock and order that they give."""
        header = int64(self.header) if len(self.header) == len(self.log) else None
        return settle(subject, log_clock, int64(self.log), int64(self.publish), header)


@dataclass
class Topic:
    """The messages of one topic of one type, as they come by."""

    channel: Channel
    distro: str
    stamps: Stamps = field(default_factory=Stamps)
    places: array[int] = field(default_factory=lambda: array("q"))
    failures: int = 0
    first_failure: str = ""
    undecoded: str = ""
    first: Any = None
    """The first message, kept where other topics need it (``AudioInfo``)."""
    _codec: Codec | None = None
    _signals: tuple[Signal, ...] = ()
    _columns: list[array[float]] = field(default_factory=list)
    _shapes: list[set[tuple[int, ...]]] = field(default_factory=list)

    def add(self, message: StoredMessage, file: int) -> None:
        """Take what is kept of one message; one that cannot be decoded is counted and left out."""
        try:
            codec = self._codec_for(message)
            decoded = codec.decode(message.data)
            header_ns = codec.header_ns(decoded)
            if not self._signals:
                self._start(codec.signals(decoded))
                self.first = decoded if self.channel.message_type.endswith("/AudioInfo") else None
            rows = [list(map(float, one.take(decoded))) if isinstance(one, Columns) else [] for one in self._signals]
            shapes = [one.measure(decoded) if isinstance(one, Lazy) and one.measure else () for one in self._signals]
            self._require_widths(rows)
        except _FAULTS as error:
            self.failures += 1
            self.first_failure = self.first_failure or str(error)
            return
        self.stamps.add(message, header_ns)
        self.places.extend((file, *message.place))
        for column, row in zip(self._columns, rows, strict=True):
            column.extend(row)
        for seen, shape in zip(self._shapes, shapes, strict=True):
            seen.add(shape)

    def _codec_for(self, message: StoredMessage) -> Codec:
        """The topic's codec, chosen by its first message."""
        if self._codec is None:
            self._codec, self.undecoded = find_codec(self.channel, message.data, self.distro)
        return self._codec

    def _start(self, signals: tuple[Signal, ...]) -> None:
        """Make room for the topic's signals."""
        self._signals = signals
        self._columns = [array("d") for _ in signals]
        self._shapes = [set() for _ in signals]

    def _require_widths(self, rows: list[list[float]]) -> None:
        """A message must have as many numbers as the topic's first."""
        for signal, row in zip(self._signals, rows, strict=True):
            if isinstance(signal, Columns) and len(row) != len(signal.channels):
                raise DecodingError(f"it has {len(row)} numbers, the first message {len(signal.channels)}")

    def streams(
        self, name: str, request: Request, storages: tuple[Storage, ...]
    ) -> tuple[list[Stream], Clock, list[Finding]]:
        """The topic's streams, their clock, and what was noticed."""
        settled = self.stamps.settle(name, request.clock)
        places = int64(self.places).reshape(-1, 3)[settled.order]
        streams = []
        for number, signal in enumerate(self._signals):
            streams.append(
                Stream(
                    name=name + signal.suffix,
                    modality=signal.modality,
                    clock=settled.clock.name,
                    timeline=ListedTimeline(settled.times_ns),
                    samples=self._samples(number, signal, settled, places, storages, name),
                    channels=signal.channels,
                    units=signal.units,
                    interpolation=signal.interpolation,
                    stamps=settled.stamps,
                    source=request.name,
                    details=self._details(signal),
                )
            )
        return streams, settled.clock, [*settled.findings, *self._findings(name)]

    def _samples(
        self,
        number: int,
        signal: Signal,
        settled: Settled,
        places: Int64Array,
        storages: tuple[Storage, ...],
        name: str,
    ) -> Any:
        """The samples of one signal in the order of its stamps."""
        if isinstance(signal, Columns):
            values = np.array(self._columns[number], dtype=np.float64)
            return ArraySamples(values.reshape(len(self.stamps.log), len(signal.channels))[settled.order])
        shape, dtype = signal.shape, signal.dtype
        if signal.measure is not None and len(self._shapes[number]) > 1:
            shape = tuple(sizes[0] if len(set(sizes)) == 1 else -1 for sizes in zip(*self._shapes[number], strict=True))
        if -1 in shape:
            dtype = np.dtype(object)
        codec = self._codec if self._codec is not None else BytesCodec()
        return MessageSamples(storages, places, codec, signal.take, shape, dtype, name + signal.suffix)

    def _details(self, signal: Signal) -> dict[str, Any]:
        """What the file says about the topic."""
        known = {
            "topic": self.channel.topic,
            "message_type": self.channel.message_type,
            "encoding": self.channel.encoding,
        }
        return known | dict(signal.details)

    def _findings(self, name: str) -> list[Finding]:
        """Messages that could not be decoded, and fields that came later."""
        findings = []
        if self.undecoded:
            findings.append(
                Finding(
                    "undecoded_topic",
                    Severity.WARNING,
                    name,
                    f"its {len(self.stamps.log)} messages of type {self.channel.message_type!r} stay bytes: "
                    f"{self.undecoded}",
                    "record with MCAP, which keeps the types' descriptions in the file, or convert the bag "
                    "on a machine that knows them",
                    {"messages": len(self.stamps.log)},
                )
            )
        if self.failures:
            total = self.failures + len(self.stamps.log)
            findings.append(
                Finding(
                    "undecodable_messages",
                    Severity.ERROR,
                    name,
                    f"{self.failures} of {total} messages cannot be decoded and were left out; "
                    f"the first: {self.first_failure}",
                    "restore the file from a copy; their moments are missing here",
                    {"messages": self.failures, "total": total},
                )
            )
        for signal in self._signals:
            late = signal.take.unseen if isinstance(signal.take, TakeNumbersByName) else {}
            if late:
                findings.append(_late_fields(name, late))
        return findings


def _late_fields(name: str, late: dict[str, int]) -> Finding:
    """Numbers that the first message did not have."""
    listed = ", ".join(sorted(late)[:8])
    return Finding(
        "late_fields",
        Severity.WARNING,
        name,
        f"{len(late)} numeric fields are missing in the first message and were left out: {listed}",
        "let the sender write every field from the start",
        {"fields": len(late)},
    )
