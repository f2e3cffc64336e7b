"""What each track of a media file is, before its packets are listed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weft.readers.media.audio_samples import leave_whole
from weft.readers.media.packets import open_container, packets_of

if TYPE_CHECKING:
    from av.container import InputContainer

_TRIAL_PACKETS = 600
"""Packets of all tracks together in which each track should give its first frames."""
_TRIAL_FRAMES = {"video": 1, "audio": 4}
_HIGHEST_RATE_HZ = 1000
"""A higher declared frame rate is the tick of the container, not a rate."""
_WIDEST_PX = 32_768
"""Wider or higher pictures are refused before anything is allocated for them."""


@dataclass(frozen=True)
class Track:
    """One track of a container, as its headers and its first frames show it.

    Parameters
    ----------
    number
        Its place in the container.
    kind
        ``"video"``, ``"audio"``, ``"subtitle"``, ``"telemetry"``, or empty for what is not read.
    codec
        The codec's name; empty where the decoder library does not know it.
    rate_hz
        Samples per second as decoded, or frames per second as declared; 0 where nothing is.
    channels, frame_samples
        Of sound, as decoded.
    size
        Height and width of pictures as shown, after turning.
    rotation_deg
        By how much stored pictures must be turned counter-clockwise to stand upright.
    skipped
        Why it is not read, empty when it is.
    """

    number: int
    kind: str
    codec: str = ""
    rate_hz: float = 0
    channels: int = 0
    frame_samples: int = 0
    size: tuple[int, int] = (0, 0)
    rotation_deg: int = 0
    skipped: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def find_tracks(path: Path, container: str, name: str) -> tuple[Track, ...]:
    """Every track of a file.

    Raises
    ------
    UnreadableError
        If the content is not that container.
    """
    with open_container(path, container, name) as opened:
        codecs = {stream.index: (stream.type, stream.codec_context) for stream in opened.streams}
        first = _first_frames(opened, {i: (kind, codec) for i, (kind, codec) in codecs.items() if codec})
        return tuple(_track(stream, codecs[stream.index], first) for stream in opened.streams if stream.index in codecs)


def _first_frames(opened: InputContainer, codecs: dict[int, tuple[str, Any]]) -> dict[int, list[Any]]:
    """The first decoded frames of each video and audio track."""
    import av

    kinds = {"video": av.VideoFrame, "audio": av.AudioFrame}
    wanted = {index: _TRIAL_FRAMES[kind] for index, (kind, _) in codecs.items() if kind in _TRIAL_FRAMES}
    for index in wanted:
        if codecs[index][0] == "audio":
            leave_whole(codecs[index][1])
    frames: dict[int, list[Any]] = {index: [] for index in wanted}
    packets = packets_of(opened)
    for _ in range(_TRIAL_PACKETS):
        try:
            packet = next(packets, None)
            if packet is None or not wanted:
                break
            if packet.stream_index in wanted:
                kind, codec = codecs[packet.stream_index]
                given = codec.decode(packet)
                frames[packet.stream_index] += [frame for frame in given if isinstance(frame, kinds[kind])]
        except (av.FFmpegError, EOFError):
            continue
        wanted = {index: count for index, count in wanted.items() if len(frames[index]) < count}
    return frames


def _track(stream: Any, kind_and_codec: tuple[str, Any], first: dict[int, list[Any]]) -> Track:
    """What a stream's headers and first frames say."""
    kind, context = kind_and_codec
    frames = first.get(stream.index, [])
    details = {key: value for key in ("title", "language", "handler_name") if (value := stream.metadata.get(key))}
    codec = context.codec.canonical_name if context else ""
    if kind == "video":
        return _video_track(stream, frames, codec, details)
    if kind == "audio":
        return _audio_track(stream, frames, codec, details)
    if kind == "subtitle":
        return Track(stream.index, "subtitle", codec, details=details)
    is_telemetry = kind == "data" and "GoPro MET" in details.get("handler_name", "")
    return Track(stream.index, "telemetry" if is_telemetry else "", codec, details=details)


def _video_track(stream: Any, frames: list[Any], codec: str, details: dict[str, Any]) -> Track:
    """A video track, or why it is none."""
    from av.stream import Disposition

    if stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails):
        return Track(stream.index, "", codec, details=details)
    context = stream.codec_context
    rotation = round(frames[0].rotation) if frames else 0
    height, width = (
        (frames[0].height, frames[0].width) if frames else (getattr(context, "height", 0), getattr(context, "width", 0))
    )
    if not codec or not 0 < height <= _WIDEST_PX or not 0 < width <= _WIDEST_PX:
        return Track(
            stream.index,
            "",
            codec,
            skipped=f"video track {stream.index} ({codec or 'unknown codec'}) has no picture that can be decoded",
        )
    size = (width, height) if round(rotation / 90) % 2 else (height, width)
    details |= {"pixel_format": frames[0].format.name if frames else str(context.pix_fmt)}
    aspect = stream.sample_aspect_ratio
    if aspect and aspect != 1:
        details["sample_aspect_ratio"] = str(aspect)
    rate_hz = float(stream.guessed_rate or stream.average_rate or 0)
    return Track(
        stream.index,
        "video",
        codec,
        rate_hz=rate_hz if rate_hz <= _HIGHEST_RATE_HZ else 0.0,
        size=size,
        rotation_deg=rotation,
        details=details,
    )


def _audio_track(stream: Any, frames: list[Any], codec: str, details: dict[str, Any]) -> Track:
    """An audio track, or why it is none."""
    context = stream.codec_context
    rate = frames[0].sample_rate if frames else getattr(context, "sample_rate", 0)
    channels = frames[0].layout.nb_channels if frames else getattr(context, "channels", 0)
    if not codec or not rate or not channels:
        return Track(
            stream.index,
            "",
            codec,
            skipped=f"sound track {stream.index} ({codec or 'unknown codec'}) cannot be decoded",
        )
    most = max((frame.samples for frame in frames), default=0)
    return Track(stream.index, "audio", codec, rate_hz=rate, channels=channels, frame_samples=most, details=details)
