"""A topic of transforms, taken apart into one stream for each pair of frames."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

import numpy as np

from weft.core import NS_PER_S, ArraySamples, Clock, Finding, Interpolation, ListedTimeline, Modality, Severity, Stream
from weft.readers.bags.message_codecs import Codec, find_codec
from weft.readers.bags.ros_types import DecodingError
from weft.readers.bags.storage import Channel, Storage, StoredMessage
from weft.readers.bags.topic import Stamps
from weft.readers.protocol import Request

TYPES = {"tf2_msgs/msg/TFMessage", "tf2_msgs/TFMessage", "tf/tfMessage", "tf/msg/tfMessage"}
_FAULTS = (DecodingError, ValueError, TypeError, AttributeError, OverflowError)


@dataclass
class _Pair:
    """The transforms from one frame to another."""

    stamps: Stamps = field(default_factory=Stamps)
    values: array[float] = field(default_factory=lambda: array("d"))


@dataclass
class TransformTopic:
    """The transforms of one topic, as they come by.

    Every pair of frames has its own publisher and so its own header clock.
    """

    channel: Channel
    distro: str
    pairs: dict[tuple[str, str], _Pair] = field(default_factory=dict)
    failures: int = 0
    first_failure: str = ""
    _codec: Codec | None = None

    def add(self, message: StoredMessage, file: int) -> None:
        """Take every transform of one message."""
        try:
            if self._codec is None:
                self._codec, reason = find_codec(self.channel, message.data, self.distro)
                self.first_failure = reason
            for one in self._codec.decode(message.data).transforms:
                self._take(one, message)
        except _FAULTS as error:
            self.failures += 1
            self.first_failure = self.first_failure or str(error)

    def _take(self, one: object, message: StoredMessage) -> None:
        """Take one transform."""
        header, moved, turned = one.header, one.transform.translation, one.transform.rotation  # type: ignore[attr-defined]
        pair = self.pairs.setdefault((header.frame_id, one.child_frame_id), _Pair())  # type: ignore[attr-defined]
        pair.stamps.add(message, int(header.stamp.sec) * NS_PER_S + int(header.stamp.nanosec))
        pair.values.extend((moved.x, moved.y, moved.z, turned.x, turned.y, turned.z, turned.w))

    def streams(
        self, name: str, request: Request, storages: tuple[Storage, ...]
    ) -> list[tuple[list[Stream], Clock, list[Finding]]]:
        """Position and orientation of every pair of frames, its clock, and what was noticed."""
        parts = [self._pair_streams(name, frames, pair, request) for frames, pair in self.pairs.items()]
        if self.failures:
            finding = Finding(
                "undecodable_messages",
                Severity.ERROR,
                name,
                f"{self.failures} messages cannot be decoded and were left out; the first: {self.first_failure}",
                "restore the file from a copy; their moments are missing here",
                {"messages": self.failures},
            )
            parts.append(([], Clock(request.clock), [finding]))
        return parts

    def _pair_streams(
        self, name: str, frames: tuple[str, str], pair: _Pair, request: Request
    ) -> tuple[list[Stream], Clock, list[Finding]]:
        """The two streams of one pair of frames."""
        label = ".".join(frame.strip("/").replace("/", ".") for frame in frames)
        full_name = f"{name}.{label}"
        settled = pair.stamps.settle(full_name, request.clock)
        values = np.array(pair.values, dtype=np.float64).reshape(-1, 7)[settled.order]
        details = {"topic": self.channel.topic, "frame": frames[0], "child_frame": frames[1]}
        streams = [
            Stream(
                name=full_name + suffix,
                modality=Modality.POSE,
                clock=settled.clock.name,
                timeline=ListedTimeline(settled.times_ns),
                samples=ArraySamples(columns),
                channels=tuple(axes),
                units=units,
                interpolation=interpolation,
                stamps=settled.stamps,
                source=request.name,
                details=details | {"message_type": self.channel.message_type},
            )
            for suffix, columns, axes, units, interpolation in (
                ("", values[:, :3], "xyz", ("m",) * 3, Interpolation.LINEAR),
                (".orientation", values[:, 3:], "xyzw", (), Interpolation.ROTATION),
            )
        ]
        return streams, settled.clock, list(settled.findings)
