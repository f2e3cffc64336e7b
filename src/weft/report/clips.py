"""A moment of a clock beside the same moment of the reference, as recorded and as aligned: heard and seen."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from weft.core import (
    NS_PER_S,
    Alignment,
    ClockAlignment,
    Interval,
    MissingExtraError,
    Modality,
    OutsideValidityError,
    Recording,
    Status,
    Stream,
    TimeMap,
    UsageError,
)
from weft.dsp.mono import as_mono
from weft.report.clip import CLIP_RATE_HZ, Clip, Sight, Sound
from weft.report.pictures import jpeg_of
from weft.sync.view.recording import AlignedRecording

CLIP_S = 3.0
SEARCHED_MOMENTS = 12
"""Places that are listened into for one where both can be heard."""

FRAMES = 7
MOUTH_PARTS = 150
MOST_CLIPS = 6


def clips_of(recording: Recording, alignment: Alignment, *, most: int = MOST_CLIPS, mouths: bool = False) -> list[Clip]:
    """A clip for each clock with a map that can be heard or seen beside the reference's sound, at most ``most``.

    With ``mouths``, the opening of a mouth is measured in clips of pictures, where the face model is installed.
    """
    found: list[Clip] = []
    ears = _longest(recording.streams_of(alignment.reference), Modality.AUDIO)
    for entry in alignment.clocks:
        if len(found) == most or ears is None:
            break
        if entry.time_map is None or entry.clock.name == alignment.reference:
            continue
        own = recording.streams_of(entry.clock.name)
        stream = _longest(own, Modality.AUDIO) or _longest(own, Modality.VIDEO)
        if stream is not None and (clip := _clip(recording, alignment, entry, (ears, stream))) is not None:
            found.append(_with_mouths(clip, recording, alignment, stream) if mouths else clip)
    return found


def _longest(streams: Sequence[Stream], modality: Modality) -> Stream | None:
    """The longest stream of a kind that can be shown."""
    fitting = [s for s in streams if s.modality is modality and len(s) > 1 and s.samples.dtype != object]
    return max(fitting, key=lambda s: s.interval.duration_ns, default=None)


def _clip(
    recording: Recording, alignment: Alignment, entry: ClockAlignment, pair: tuple[Stream, Stream]
) -> Clip | None:
    """One clock's clip at its best moment; ``None`` where the two never ran together."""
    ears, stream = pair
    view = AlignedRecording(recording, alignment)
    spans = view.span_of(ears.name), view.span_of(stream.name)
    shared = spans[0].overlap(spans[1]) if spans[0] and spans[1] else None
    if shared is None or shared.duration_s < CLIP_S:
        return None
    interval = _best_moment(view, pair, shared)
    if interval is None:
        return None
    started = AlignedRecording(recording, _started_together(alignment, entry, pair))
    return Clip(
        clock=entry.clock.name,
        stream=stream.name,
        reference_stream=ears.name,
        interval=interval,
        reference=_heard(view, ears, interval),
        before=_seen(started, stream, interval),
        after=_seen(view, stream, interval),
    )


def _best_moment(view: AlignedRecording, pair: tuple[Stream, Stream], shared: Interval) -> Interval | None:
    """The moment with most sound on both sides, the quieter one counting."""
    length_ns = round(CLIP_S * NS_PER_S)
    starts = np.linspace(0, shared.duration_ns - length_ns, SEARCHED_MOMENTS).astype(np.int64) + shared.start_ns
    listened = [stream for stream in pair if stream.modality is Modality.AUDIO]
    best, loudest = None, 0.0
    for start_ns in starts.tolist():
        interval = Interval(start_ns, start_ns + length_ns)
        loudness = min(float(np.std(_heard(view, stream, interval))) for stream in listened)
        if loudness > loudest:
            best, loudest = interval, loudness
    return best


def _started_together(alignment: Alignment, entry: ClockAlignment, pair: tuple[Stream, Stream]) -> Alignment:
    """The alignment that putting both files at the start of an editor's tracks means."""
    naive = _naive_map(alignment, *pair)
    entries = tuple(
        replace(one, time_map=naive, status=Status.WEAK) if one.clock.name == entry.clock.name else one
        for one in alignment.clocks
    )
    return replace(alignment, clocks=entries)


def _naive_map(alignment: Alignment, ears: Stream, stream: Stream) -> TimeMap:
    """The map by which both streams began at once."""
    offset_ns = ears.timeline.first_ns - stream.timeline.first_ns
    return TimeMap.affine(stream.clock, alignment.reference, offset_ns=offset_ns)


def _with_mouths(clip: Clip, recording: Recording, alignment: Alignment, stream: Stream) -> Clip:
    """The clip with the opening of a mouth under its pictures, where there is one to be seen."""
    solved = alignment.map_of(clip.clock)
    if stream.modality is not Modality.VIDEO or solved is None:
        return clip
    naive = _naive_map(alignment, recording.stream(clip.reference_stream), stream)
    before = replace(clip.before, mouth=_mouth(stream, naive, clip.interval))
    return replace(clip, before=before, after=replace(clip.after, mouth=_mouth(stream, solved, clip.interval)))


def _mouth(video: Stream, time_map: TimeMap, interval: Interval) -> Sound:
    """The opening of the mouth that is seen longest, 0..1 at even moments; empty where none is or no model is there."""
    from weft.faces import track_faces

    edges = time_map.inverse([interval.start_ns, interval.stop_ns], extrapolate=True)
    if edges[0] >= edges[1]:
        return np.zeros(0, dtype=np.float32)
    try:
        tracks = track_faces(video, interval=Interval(int(edges[0]), int(edges[1])))
    except (MissingExtraError, UsageError):
        return np.zeros(0, dtype=np.float32)
    if not tracks or len(tracks[0]) < FRAMES:
        return np.zeros(0, dtype=np.float32)
    t_ns = np.linspace(int(edges[0]), int(edges[1]), MOUTH_PARTS) - float(edges[0])
    gap = np.interp(t_ns, tracks[0].times_ns - float(edges[0]), tracks[0].column("mouth_gap"), left=0.0, right=0.0)
    low, high = np.percentile(gap, [5, 98])
    opening: Sound = np.clip((gap - low) / max(float(high - low), 1e-9), 0.0, 1.0).astype(np.float32)
    return opening


def _seen(view: AlignedRecording, stream: Stream, interval: Interval) -> Sight:
    """What a device gave in an interval."""
    if stream.modality is Modality.AUDIO:
        return Sight(_heard(view, stream, interval))
    frames = []
    for number in range(FRAMES):
        t_ns = interval.start_ns + (2 * number + 1) * interval.duration_ns // (2 * FRAMES)
        try:
            shown = view.window(t_ns, t_ns + 1, {stream.name: 1.0}, streams=[stream.name])[stream.name]
        except (OutsideValidityError, UsageError):
            shown = None
        frames.append(jpeg_of(shown.values[0]) if shown is not None and len(shown) and shown.valid[0] else b"")
    return Sight(np.zeros(0, dtype=np.float32), tuple(frames))


def _heard(view: AlignedRecording, stream: Stream, interval: Interval) -> Sound:
    """The sound in an interval at the clip's rate, zeros where there is none."""
    rates = {stream.name: float(CLIP_RATE_HZ)}
    count = round(interval.duration_s * CLIP_RATE_HZ)
    sound = np.zeros(count, dtype=np.float32)
    try:
        heard = view.window(interval.start_ns, interval.stop_ns, rates, streams=[stream.name])[stream.name]
    except (OutsideValidityError, UsageError):
        return sound
    if len(heard):
        values = np.nan_to_num(as_mono(np.asarray(heard.values)))
        values = np.where(heard.valid, values - float(values[heard.valid].mean() if heard.valid.any() else 0.0), 0.0)
        sound[: min(count, values.size)] = values[:count]
    return sound


def wave_file(left: Sound, right: Sound) -> bytes:
    """Two sounds as the left and right channel of a WAV file, each at its own full scale."""
    scaled = [sound / max(float(np.abs(sound).max(initial=0.0)), 1e-9) * 0.9 for sound in (left, right)]
    frames = np.stack(scaled, axis=1) if len(left) == len(right) else np.zeros((0, 2))
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(CLIP_RATE_HZ)
        file.writeframes(np.rint(frames * 32767.0).astype("<i2").tobytes())
    return buffer.getvalue()
