"""How late a sound track's stamps are against the pictures of its file, where an encoder's delay was not taken off.

An encoder puts silence in front of the sound (its *priming*). Some containers say how much, and
the reader drops it; nothing is left to assume. Others do not, and then the muxer may have moved the
stamps so that the sound still lies right beside the pictures, or may not::

    taken into account      sound  |pp|======...        the sound starts one priming before the pictures
                            pictures   |======...
    not                     sound  |pp|======...        both start at once: sound is stamped late
                            pictures |======...

The start of both tells which, to the container's tick. An MP4 without its edit list shows its pictures
late as well, by the time in which frames wait to be put in order.

Figures are measured on files of known content (``benchmarks/bench_codecs.py``) but for other AAC encoders than
ffmpeg's, whose range is what is commonly reported of them, and HE-AAC, which is a wide guess.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from weft.core import NS_PER_MS, NS_PER_S, Finding, Severity
from weft.readers.media.packets import ABSENT, PacketTable

_USUAL: dict[str, tuple[float, float]] = {
    "aac": (1024, 610),
    "mp3": (1105, 300),
    "mp2": (481, 100),
    "mp1": (481, 100),
    "ac3": (256, 64),
    "eac3": (256, 64),
    "opus": (312, 90),
    "wmav1": (2048, 1200),
    "wmav2": (2048, 1200),
}
"""Samples of priming where the container says nothing, and their spread over encoders.

One frame of AAC (1,024; encoders range up to 2,112, hence 2,112 / sqrt(12)); 528 + 1 of the MP3 decoder and 576 of
LAME's encoder; 481 of the filter bank of MPEG audio's layers I and II; half a block of AC-3; 6.5 ms of Opus.
"""
_HE_AAC = (3550.0, 900.0)
"""Samples as decoded; makers state 2,048 to about 5,060."""
_HE_AAC_FRAME = 2048
_SIGNED = ((b"Lavc", "aac", 1024.0), (b"LAME", "mp3", 1105.0), (b"Lavc", "mp3", 1105.0))
"""What encoders write into their packets, and the priming that they then put in front, exactly."""
_SIGNED_SD_SAMPLES = 1.0
_STARTS_AGREE_NS = 500_000
"""Beside the ticks of both tracks: starts closer than this are the same."""
_LONGEST_TICK_NS = 1_000_000
"""A longer tick counts frames (AVI does) and rounds nothing."""


@dataclass(frozen=True, eq=False)
class SoundStart:
    """What is known of a sound track's beginning.

    Parameters
    ----------
    codec, rate_hz, frame_samples
        As decoded.
    dropped
        Samples that the container told to drop; 0 where it said nothing.
    start_ns
        Container time of the first sample that is kept.
    tick_ns
        One unit of the track's stamps.
    signed
        Bytes of the first and last packets, where encoders sign their work.
    """

    codec: str
    rate_hz: int
    frame_samples: int = 0
    dropped: int = 0
    start_ns: int = 0
    tick_ns: int = 1
    signed: bytes = b""

    @property
    def priming(self) -> tuple[float, float, bool] | None:
        """Usual samples in front, their standard deviation, and whether the encoder signed its work."""
        usual = _HE_AAC if self.codec == "aac" and self.frame_samples == _HE_AAC_FRAME else _USUAL.get(self.codec)
        if usual is None:
            return None
        if usual is not _HE_AAC:
            for mark, codec, samples in _SIGNED:
                if codec == self.codec and mark in self.signed:
                    return samples, _SIGNED_SD_SAMPLES, True
        return *usual, False


@dataclass(frozen=True)
class PictureStart:
    """When a file's pictures start: the first frame's container time, the wait for its order, and a tick."""

    start_ns: int
    waited_ns: int = 0
    tick_ns: int = 1

    @classmethod
    def of(cls, table: PacketTable, start_ns: int, container: str) -> PictureStart:
        """The start of the pictures whose packets are listed.

        In an MP4 whose edit list is whole, the first frame's decoding stamp lies before 0; where it is 0 and the
        presentation stamp is not, nothing took the wait off.
        """
        waited_ns = 0
        if container == "mov" and len(table) and table.dts[0] == 0 and table.pts[0] not in (0, ABSENT):
            waited_ns = int(table.to_ns(table.pts[:1])[0])
        tick_ns = int(table.time_base * NS_PER_S)
        return cls(start_ns, waited_ns, max(1, tick_ns))


@dataclass(frozen=True)
class Delay:
    """How late sound is stamped: value and standard deviation, where that is known from, and a sentence."""

    value_ns: float
    sd_ns: float
    says: str
    origin: str = "assumed"
    numbers: dict[str, float] = field(default_factory=dict)

    def to_details(self) -> dict[str, Any]:
        """As ``Stream.details["codec_delay"]`` keeps it."""
        value_ms, sd_ms = round(self.value_ns / NS_PER_MS, 6), round(self.sd_ns / NS_PER_MS, 6)
        return {"value_ms": value_ms, "sd_ms": sd_ms, "origin": self.origin, "says": self.says}


def delay_of(sound: SoundStart, pictures: PictureStart | None, container: str) -> Delay | None:
    """How late a track's sound is stamped; ``None`` where the file says all there is to say.

    Parameters
    ----------
    sound
        The track's beginning.
    pictures
        The file's first pictures, which share its clock; ``None`` in a file of sound alone, where
        the delay is against the sound that was encoded.
    container
        The demuxer's name.
    """
    if sound.dropped:
        return _moved_pictures(sound, pictures) if container == "matroska" and sound.codec == "opus" else None
    priming = sound.priming
    if priming is None:
        return None
    samples, sd_samples, is_signed = priming
    delay_ns, sd_ns = samples / sound.rate_hz * NS_PER_S, sd_samples / sound.rate_hz * NS_PER_S
    numbers = {"assumed_samples": samples, "assumed_delay_ms": delay_ns / NS_PER_MS}
    usual = f"the {sound.codec} encoder put {samples:.0f} samples ({delay_ns / NS_PER_MS:.1f} ms) of silence in front"
    usual = usual if is_signed else f"{usual}, if it is a usual one"
    if pictures is None:
        says = f"the container does not say how much silence stands in front of the sound; {usual}"
        return Delay(delay_ns, sd_ns, says, numbers=numbers)
    lead_ns = pictures.start_ns - pictures.waited_ns - sound.start_ns
    ticks_ns = min(sound.tick_ns, _LONGEST_TICK_NS) + min(pictures.tick_ns, _LONGEST_TICK_NS)
    agree_ns, tick_sd_ns = _STARTS_AGREE_NS + ticks_ns, ticks_ns / 12.0**0.5
    late_ns = 0.0 - pictures.waited_ns
    waited = (
        f"; its pictures wait {pictures.waited_ns / NS_PER_MS:.1f} ms for their order" if pictures.waited_ns else ""
    )
    if abs(lead_ns - delay_ns) <= agree_ns:
        says = f"the sound starts {lead_ns / NS_PER_MS:.1f} ms before the pictures, so the stamps allow for it: {usual}"
        return Delay(late_ns, tick_sd_ns, says + waited, "file", numbers)
    if is_signed and abs(lead_ns) <= agree_ns:
        says = f"sound and pictures start at once and {usual}{waited}"
        return Delay(delay_ns + late_ns, float((sd_ns**2 + tick_sd_ns**2) ** 0.5), says, "file", numbers)
    says = (
        f"nothing tells whether the stamps allow for the encoder's silence, so half of it is assumed: {usual}{waited}"
    )
    return Delay(0.5 * delay_ns + late_ns, max(0.5 * delay_ns, sd_ns), says, numbers=numbers)


def _moved_pictures(sound: SoundStart, pictures: PictureStart | None) -> Delay | None:
    """A Matroska file in which pictures were put later by Opus's pre-skip, and sound was not.

    Some muxers shift all tracks so that the pre-skip starts at 0, and forget that readers take it off again
    (RFC 9559, CodecDelay).
    """
    if pictures is None:
        return None
    lead_ns, skip_ns = pictures.start_ns - sound.start_ns, sound.dropped / sound.rate_hz * NS_PER_S
    if abs(lead_ns - skip_ns) > _STARTS_AGREE_NS + sound.tick_ns + pictures.tick_ns:
        return None
    says = (
        f"the pictures start {lead_ns / NS_PER_MS:.1f} ms after the sound, just Opus's pre-skip: "
        f"the muxer is taken to have moved them and not the sound"
    )
    return Delay(-float(lead_ns), 0.25 * skip_ns, says)


def delay_finding(delay: Delay, codec: str, subject: str) -> Finding:
    """A remark on sound whose place beside its file's other streams is assumed."""
    value_ms, sd_ms = delay.value_ns / NS_PER_MS, delay.sd_ns / NS_PER_MS
    return Finding(
        "encoder_delay_unknown",
        Severity.INFO,
        subject,
        f"{delay.says}; the {codec} sound is taken to be {value_ms:+.1f} ± {sd_ms:.1f} ms late",
        "nothing was shifted; a measurement by this sound takes it as the assumption codec_delay, which recording.toml "
        "may set for the clock",
        {**delay.numbers, "value_ms": value_ms, "sd_ms": sd_ms},
    )
