"""The streams and annotations of a media file's tracks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from weft.core import (
    NS_PER_S,
    Annotation,
    Clock,
    Epoch,
    Finding,
    ListedTimeline,
    Modality,
    PiecewiseTimeline,
    RegularTimeline,
    Stream,
    Timeline,
)
from weft.core.times import Int64Array
from weft.readers.media import findings as remarks
from weft.readers.media.audio_counts import kept
from weft.readers.media.audio_index import AudioIndex, audio_times
from weft.readers.media.audio_samples import AudioSamples
from weft.readers.media.captions import annotation
from weft.readers.media.codec_delay import PictureStart, SoundStart, delay_finding, delay_of
from weft.readers.media.packet_notes import PacketNotes
from weft.readers.media.packets import PacketTable, TrackPlace
from weft.readers.media.tracks import Track
from weft.readers.media.video_samples import FrameIndex, VideoSamples
from weft.readers.protocol import Contents, Request

_OWN_ZERO = frozenset({"mov", "matroska", "avi", "asf", "flv"})
"""Containers whose zero is the zero that players show."""
_SHIFTS_SOUND = frozenset({"matroska", "flv"})
"""Of these, muxers that count milliseconds move a file of sound alone by up to its encoder's delay."""
_LARGEST_SHIFT_NS = 50_000_000
_CHANNELS = {1: ("mono",), 2: ("left", "right")}


@dataclass
class TrackStreams:
    """A file's streams while they are put together."""

    request: Request
    container: str
    tables: dict[int, PacketTable]
    about: dict[str, Any]
    streams: list[Stream] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    starts_ns: list[int] = field(default_factory=list)
    readable_captions: bool = False
    sounds: dict[str, SoundStart] = field(default_factory=dict)
    pictures: PictureStart | None = None

    @property
    def has_any(self) -> bool:
        """Whether any track could be read."""
        return bool(self.streams) or self.readable_captions

    def add(self, track: Track, notes: PacketNotes) -> None:
        """Put one track's stream or annotations in."""
        if track.skipped:
            self.findings.append(remarks.skipped_track(self.request.name, track.skipped))
        elif track.kind == "video":
            self._add_video(track)
        elif track.kind == "audio":
            counts = np.array(notes.counts[track.number], dtype=np.int64)
            signed = b"".join(notes.signed.get(track.number, ()))
            self._add_audio(track, counts, signed, is_trimmed=track.number in notes.decoded)
        elif track.kind == "subtitle":
            self._add_captions(track, notes)
        elif track.kind == "telemetry":
            names = {stream.name for stream in self.streams}
            streams, findings = notes.telemetry[track.number].streams(self.request, names, self.about)
            self.streams += streams
            self.findings += findings

    def settle_delays(self) -> None:
        """Say of each sound track how late it is stamped, once all tracks are known."""
        for number, stream in enumerate(self.streams):
            sound = self.sounds.get(stream.name)
            delay = delay_of(sound, self.pictures, self.container) if sound else None
            if sound is None or delay is None:
                continue
            told: dict[str, Any] = {"codec_delay": delay.to_details()}
            if delay.origin == "assumed" or delay.value_ns:
                self.findings.append(delay_finding(delay, sound.codec, stream.name))
                told |= {} if sound.dropped else {"encoder_delay": "unknown"}
            self.streams[number] = replace(stream, details={**stream.details, **told})

    def contents(self, findings: list[Finding]) -> Contents:
        """Everything on one clock that reads 0 where players do."""
        zero_ns = self._zero_ns()
        clock = Clock(self.request.clock, Epoch.START)
        return Contents(
            streams=tuple(_moved(stream, zero_ns) for stream in self.streams),
            clocks=(clock,),
            annotations=tuple(replace(a, interval=a.interval.shifted(-zero_ns)) for a in self.annotations),
            findings=tuple(findings),
        )

    def _zero_ns(self) -> int:
        """The container's reading where players show 0."""
        if self.container in _SHIFTS_SOUND and self._is_sound_alone:
            first_ns = min((sound.start_ns for sound in self.sounds.values()), default=0)
            return first_ns if abs(first_ns) < _LARGEST_SHIFT_NS else 0
        return 0 if self.container in _OWN_ZERO else min(self.starts_ns, default=0)

    @property
    def _is_sound_alone(self) -> bool:
        """Whether nothing but sound reads the file's clock."""
        return not self.readable_captions and all(s.modality is Modality.AUDIO for s in self.streams)

    def _name(self, signal: str) -> str:
        """A free name for a stream of this kind."""
        taken = sum(stream.details.get("signal") == signal for stream in self.streams)
        return f"{self.request.clock}/{signal}" + (f"_{taken + 1}" if taken else "")

    def _add_video(self, track: Track) -> None:
        """One video track."""
        table = self.tables[track.number]
        index = FrameIndex.of(table, self.container)
        times_ns = table.to_ns(index.pts)
        name = self._name("video")
        self.starts_ns += times_ns[:1].tolist()
        if times_ns.size and self.pictures is None:
            self.pictures = PictureStart.of(table, int(times_ns[0]), self.container)
        found = remarks.frame_findings(times_ns, name)
        self.findings += found
        if index.left_out:
            self.findings.append(remarks.left_out_frames(name, index.left_out))
        variable = any(finding.check == "variable_frame_rate" for finding in found)
        height, width = track.size
        self._add(
            track,
            Stream(
                name,
                Modality.VIDEO,
                self.request.clock,
                ListedTimeline(times_ns),
                VideoSamples(self._place(track), table, index, size=track.size),
                nominal_rate_hz=None if variable else track.rate_hz or None,
                details={"width": width, "height": height, "rotation_deg": track.rotation_deg, "signal": "video"},
            ),
        )

    def _add_audio(self, track: Track, counts: Int64Array, signed: bytes, *, is_trimmed: bool) -> None:
        """One sound track; ``is_trimmed`` where the decoder already dropped what players drop."""
        table, rate_hz = self.tables[track.number], round(track.rate_hz)
        front, length = (np.zeros_like(counts), counts) if is_trimmed else kept(counts, table, rate_hz)
        index = AudioIndex.of((rate_hz, track.channels), front, length, whole=not is_trimmed)
        times = audio_times(table, index)
        name = self._name("audio")
        self.starts_ns += [times.first_stamp_ns] if len(index) else []
        self.findings += remarks.sound_findings(times, rate_hz, name)
        dropped = int(front.sum()) or int(table.skip.max(initial=0))
        if len(index):
            start_ns, tick_ns = times.timeline.first_ns, max(1, int(table.time_base * NS_PER_S))
            heard = (rate_hz, track.frame_samples, dropped)
            self.sounds[name] = SoundStart(track.codec, *heard, start_ns, tick_ns, signed)
        self._add(
            track,
            Stream(
                name,
                Modality.AUDIO,
                self.request.clock,
                times.timeline,
                AudioSamples(self._place(track), table, index, codec=track.codec),
                nominal_rate_hz=float(rate_hz),
                channels=_CHANNELS.get(track.channels, tuple(f"channel_{i + 1}" for i in range(track.channels))),
                details={"encoder_delay": dropped, "signal": "audio"},
            ),
        )

    def _place(self, track: Track) -> TrackPlace:
        """What a decoder needs to find a track again."""
        return TrackPlace(self.request.path, self.container, track.number, self.request.name)

    def _add(self, track: Track, stream: Stream) -> None:
        """A stream with what is said of pictures and sound alike."""
        table, timeline = self.tables[track.number], stream.timeline
        damaged = int(np.sum(table.is_corrupt & ~table.is_cut_off))
        if damaged:
            self.findings.append(remarks.damaged_packets(stream.name, damaged, len(table)))
        details = {
            **self.about,
            **track.details,
            **stream.details,
            "codec": track.codec,
            "track": track.number,
            "time_base": str(table.time_base),
            "container_start_s": timeline.first_ns / NS_PER_S if len(timeline) else None,
            "average_rate_hz": stream.effective_rate_hz,
        }
        self.streams.append(replace(stream, source=self.request.name, details=details))

    def _add_captions(self, track: Track, notes: PacketNotes) -> None:
        """One subtitle track."""
        if track.number not in notes.captions:
            reason = f"subtitle track {track.number} ({track.codec or 'unknown codec'}) holds no text"
            self.findings.append(remarks.skipped_track(self.request.name, reason))
            return
        self.readable_captions = True
        table = self.tables[track.number]
        tier = track.details.get("title") or f"subtitles {track.details.get('language', '')}".strip()
        for pts, duration, text in notes.captions[track.number]:
            start_ns, stop_ns = table.to_ns(np.array([pts, pts + duration], dtype=np.int64)).tolist()
            self.annotations.append(
                annotation(text, start_ns, stop_ns, clock=self.request.clock, tier=tier, name=self.request.name)
            )


def _moved(stream: Stream, zero_ns: int) -> Stream:
    """The stream with its instants counted from ``zero_ns``."""
    return replace(stream, timeline=_earlier(stream.timeline, zero_ns)) if zero_ns else stream


def _earlier(timeline: Timeline, by_ns: int) -> Timeline:
    """The timeline, ``by_ns`` earlier."""
    if isinstance(timeline, PiecewiseTimeline):
        return PiecewiseTimeline(tuple(_regular_earlier(piece, by_ns) for piece in timeline.pieces))
    if isinstance(timeline, RegularTimeline):
        return _regular_earlier(timeline, by_ns)
    return ListedTimeline(timeline.slice_ns(0, len(timeline)) - by_ns)


def _regular_earlier(timeline: RegularTimeline, by_ns: int) -> RegularTimeline:
    """The regular timeline, ``by_ns`` earlier."""
    return RegularTimeline(timeline.start_ns - by_ns, Fraction(timeline.rate_hz), timeline.count)
