"""What must be seen of the packets themselves while they are listed: captions, telemetry, sample counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from weft.core import NS_PER_S
from weft.readers.media.audio_counts import counter_for, decode_count
from weft.readers.media.audio_samples import leave_whole
from weft.readers.media.captions import caption_of
from weft.readers.media.gopro import Telemetry
from weft.readers.media.tracks import Track
from weft.readers.protocol import Request

if TYPE_CHECKING:
    from av.container import InputContainer

_SIGNED_PACKETS, _SIGNED_BYTES = 3, 4096
"""Encoders sign their work, where they do, in their first packets or their last."""


class PacketNotes:
    """What must be seen of the packets themselves while they pass by."""

    def __init__(self, request: Request, opened: InputContainer, tracks: tuple[Track, ...]) -> None:
        self.captions: dict[int, list[tuple[int, int, str]]] = {}
        self.telemetry: dict[int, Telemetry] = {}
        self.counts: dict[int, list[int]] = {}
        self.decoded: dict[int, Any] = {}
        self.signed: dict[int, list[bytes]] = {}
        self._watch: dict[int, Callable[[Any], None]] = {}
        for track in tracks:
            if track.kind == "audio":
                self._watch_sound(opened.streams[track.number], track)
            elif track.kind == "subtitle" and caption_of(track.codec):
                self._watch_captions(track)
            elif track.kind == "telemetry":
                self.telemetry[track.number] = Telemetry(request.path)
                self._watch[track.number] = self._telemetry_watcher(track.number)

    def observe(self, packet: Any) -> None:
        """Note what one packet holds."""
        signed = self.signed.get(packet.stream_index)
        if signed is not None and len(signed) < _SIGNED_PACKETS:
            signed.append(bytes(packet)[:_SIGNED_BYTES])
        watch = self._watch.get(packet.stream_index)
        if watch is not None:
            watch(packet)

    def finish(self, tails: dict[int, tuple[Any, ...]]) -> None:
        """Count what decoders hold back, and take off what a cut left at the end."""
        for number, signed in self.signed.items():
            signed += [bytes(packet)[:_SIGNED_BYTES] for packet in tails[number][-_SIGNED_PACKETS:]]
        for number, counts in self.counts.items():
            codec = self.decoded.get(number)
            if codec is not None and counts:
                counts[-1] += decode_count(codec, None)
            elif counts:
                self._take_off_tail(counts, tails[number])

    def _watch_sound(self, stream: Any, track: Track) -> None:
        """Count samples, without decoding where that can be told."""
        counts: list[int] = []
        self.counts[track.number] = counts
        self.signed[track.number] = []
        count = counter_for(stream, track.frame_samples)
        codec = stream.codec_context
        if count is None:
            self.decoded[track.number] = codec
            self._watch[track.number] = lambda packet: counts.append(decode_count(codec, packet))
        else:
            leave_whole(codec)
            self._watch[track.number] = lambda packet: counts.append(count(packet))

    def _watch_captions(self, track: Track) -> None:
        """Keep the texts."""
        texts: list[tuple[int, int, str]] = []
        self.captions[track.number] = texts
        text_of = caption_of(track.codec)

        def watch(packet: Any) -> None:
            text = text_of(bytes(packet)) if text_of else ""
            if text and packet.pts is not None:
                texts.append((packet.pts, packet.duration or 0, text))

        self._watch[track.number] = watch

    def _telemetry_watcher(self, number: int) -> Callable[[Any], None]:
        """Keep where each payload lies and what is in it."""

        def watch(packet: Any) -> None:
            base = packet.time_base
            start_ns = int((packet.pts or 0) * base * NS_PER_S)
            self.telemetry[number].add(
                bytes(packet), packet.pos, start_ns, int((packet.duration or 0) * base * NS_PER_S)
            )

        return watch

    @staticmethod
    def _take_off_tail(counts: list[int], tail: tuple[Any, ...]) -> None:
        """No samples for packets at the very end that cannot be decoded."""
        codec = tail[0].stream.codec_context
        if codec.codec.canonical_name.startswith("pcm_"):
            return
        given = [decode_count(codec, packet) for packet in tail]
        given[-1] += decode_count(codec, None)
        if not any(given):
            return
        for back, samples in enumerate(reversed(given), start=1):
            if samples:
                return
            counts[-back] = 0
