"""Made-up recordings with everything that a report has to tell of: jumps, gaps, weak and lost clocks.

Nothing here was recorded: the pictures are drawn, the sound is noise shaped like speech,
the words were invented.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from weft.core import (
    NS_PER_MS,
    NS_PER_S,
    Alignment,
    Annotation,
    ArraySamples,
    Capsule,
    Clock,
    ClockAlignment,
    Epoch,
    Finding,
    Interval,
    ListedTimeline,
    Modality,
    Origin,
    Piece,
    Recording,
    RegularTimeline,
    Residual,
    Severity,
    SourceFile,
    Status,
    Stream,
    StreamSpan,
    TimeMap,
    Uncertainty,
    Version,
)
from weft.testing.kitchen_streams import WORDS, kitchen_streams, without

Session = tuple[Recording, Alignment, tuple[Capsule, ...]]


def kitchen_session(name: str = "kitchen-talk", *, seconds: int = 60, seed: int = 7) -> Session:
    """A mother and a child at a table: a microphone, two cameras, an eye tracker and a wristband.

    The camera drifts, the eye tracker lost time in the middle and has gaps, the wristband's
    clock is weak, the second camera's is not aligned.
    """
    rng = np.random.default_rng(seed)
    clocks = [Clock(clock) for clock in ("mic", "cam", "eye", "wrist", "door-cam")]
    streams = kitchen_streams(seconds, rng)
    recording = Recording(
        name,
        Path(),
        streams,
        tuple(clocks),
        sources=tuple(
            SourceFile(s.source, 40_000 * (i + 3), "media" if i < 2 else "table", f"{i + 1:x}" * 64)
            for i, s in enumerate(streams)
        ),
    )
    alignment = Alignment(name, "mic", _kitchen_clocks(clocks, rng, seconds), findings=_kitchen_findings())
    return recording, alignment, _kitchen_capsules(name, recording, seconds)


def _kitchen_clocks(clocks: list[Clock], rng: np.random.Generator, seconds: int) -> tuple[ClockAlignment, ...]:
    """One entry for each status."""
    mic, cam, eye, wrist, door = clocks
    whole = Interval(0, seconds * NS_PER_S)
    cam_map = _map("cam", 2_812_400_000, 23.1e-6, whole, error_ms=0.6)
    eye_map = TimeMap(
        "eye",
        "mic",
        (
            Piece(Interval(0, 25 * NS_PER_S), 0, -1_203_000_000, -61e-6, _spread(2.1, 12.0)),
            Piece(Interval(25 * NS_PER_S, 60 * NS_PER_S), 25 * NS_PER_S, -1_120_000_000, -61e-6, _spread(3.4, 40.0)),
        ),
    )
    wrist_map = _map("wrist", 410_000_000, 0.0, whole, error_ms=140.0)
    return (
        ClockAlignment(mic, ("mic/audio", "mic/marks"), Status.ALIGNED, TimeMap.identity("mic")),
        ClockAlignment(
            cam,
            ("cam/video",),
            Status.ALIGNED,
            cam_map,
            ("audio", "audio_face"),
            _residuals(rng, seconds, 0.4, "audio"),
        ),
        ClockAlignment(
            eye,
            ("eye/gaze",),
            Status.ALIGNED,
            eye_map,
            ("lsl",),
            _residuals(rng, seconds, 1.6, "lsl"),
            "lost 83 ms at 25.0 s",
        ),
        ClockAlignment(
            wrist,
            ("wrist/eda",),
            Status.WEAK,
            wrist_map,
            ("container_start",),
            _residuals(rng, seconds, 60.0, "container_start")[::12],
            "only the file's start time relates it to the others",
        ),
        ClockAlignment(
            door, ("door-cam/video",), Status.NOT_ALIGNED, None, note="silent, and no face is seen from the front"
        ),
    )


def _spread(error_ms: float, at_s: float) -> Uncertainty:
    """A 95 % error that is least at a time and doubles about 20 s away."""
    variance = (error_ms * NS_PER_MS / 1.96) ** 2
    slope = variance * 3 / (20 * NS_PER_S) ** 2
    return Uncertainty(variance, 0.0, slope).moved(-at_s * NS_PER_S)


def _map(clock: str, offset_ns: int, drift: float, valid: Interval, *, error_ms: float) -> TimeMap:
    """A map of one piece to the microphone."""
    return TimeMap(clock, "mic", (Piece(valid, 0, offset_ns, drift, _spread(error_ms, 30.0)),))


def _residuals(rng: np.random.Generator, seconds: int, sd_ms: float, method: str) -> tuple[Residual, ...]:
    """One a second, one in ten an outlier."""
    found = []
    for second in range(1, seconds):
        outlier = rng.random() < 0.1
        value = rng.normal(0.0, sd_ms * (8.0 if outlier else 1.0))
        found.append(Residual(second * NS_PER_S, value * NS_PER_MS, sd_ms * NS_PER_MS, method, not outlier))
    return tuple(found)


def _kitchen_capsules(name: str, recording: Recording, seconds: int) -> tuple[Capsule, ...]:
    """One for each utterance, with what is said about it."""
    utterances = [
        Annotation("utterance", Interval.from_seconds(start, stop), "mic", text, Origin.HUMAN, "talk.eaf", None, tier)
        for tier, start, stop, text in WORDS
    ]
    capsules = []
    for number, anchor in enumerate(utterances):
        context = Interval(
            max(0, anchor.interval.start_ns - 5 * NS_PER_S),
            min(seconds * NS_PER_S, anchor.interval.stop_ns + 5 * NS_PER_S),
        )
        around = [u for u in utterances if u.interval.overlaps(context)]
        said = sorted([*around, *_measured(anchor, context)], key=lambda a: (a.interval, a.kind, a.tier))
        capsules.append(
            Capsule(
                f"{name}:{number}",
                name,
                "mic",
                anchor.interval,
                context,
                anchor,
                tuple(said),
                _spans(recording, context),
            )
        )
    return tuple(capsules)


def _measured(anchor: Annotation, context: Interval) -> list[Annotation]:
    """Prosody, action units and surroundings of one utterance."""
    prosody = {
        "pitch_median_hz": 241.3,
        "pitch_range_st": 8.4,
        "energy_dbfs": -24.1,
        "words_per_s": 3.1,
        "voiced_fraction": 0.62,
    }
    ambient = {"level_a_dbfs": {"p10": -58.2, "p50": -52.0, "p90": -44.9}, "centroid_hz": 1420.0, "snr_db": 21.5}
    units = {1: 0.4, 4: 0.2, 12: 2.1, 25: 1.7, 26: 0.9}
    return [
        Annotation(
            "prosody", anchor.interval, "mic", prosody, Origin.MEASURED, "YIN pitch", 0.87, anchor.tier, "mic/audio"
        ),
        Annotation(
            "ambient", context, "mic", ambient, Origin.MEASURED, "mean square outside speech", 1.0, "", "mic/audio"
        ),
        *(
            Annotation(
                "action_unit",
                anchor.interval,
                "mic",
                {"au": au, "mean": mean, "peak": 2 * mean, "scale": "0..5", "present": None, "frames": 40},
                Origin.MODEL,
                "face tracker",
                0.71,
                f"AU{au:02d}",
                "cam/video",
            )
            for au, mean in units.items()
        ),
    ]


def _spans(recording: Recording, context: Interval) -> tuple[StreamSpan, ...]:
    """What a capsule holds of each stream."""
    spans = []
    for stream in recording.streams:
        if stream.clock == "door-cam":
            spans.append(StreamSpan(stream.name, str(stream.modality), None, 0.0, "not_aligned"))
        else:
            present, reason = (0.8, "gap") if stream.clock == "eye" and context.start_ns < 12 * NS_PER_S else (1.0, "")
            spans.append(StreamSpan(stream.name, str(stream.modality), context, present, reason, 1.2))
    return tuple(spans)


def _kitchen_findings() -> tuple[Finding, ...]:
    """A few of each severity."""
    return (
        Finding(
            "clock_not_aligned",
            Severity.ERROR,
            "door-cam",
            "no evidence relates this clock to mic: 0 of 40 windows matched",
            "record a clap that both devices see and hear, or leave this camera out",
        ),
        Finding(
            "weak_clock",
            Severity.WARNING,
            "wrist",
            "its 95 % error of 274 ms is above the budget of 80 ms",
            "press the wristband's event button while clapping at the start and at the end",
        ),
        Finding(
            "gaps",
            Severity.WARNING,
            "eye/gaze",
            "2 gaps, about 174 samples lost (4.83 %), the longest 2.517 s",
            "values are masked there, never invented; check the device's buffer, disk or network",
        ),
        Finding(
            "rate_differs",
            Severity.WARNING,
            "wrist/eda",
            "declared 4 Hz, measured 3.9 Hz (−2.5 %)",
            "trust the measured rate; check the device's setting",
            coverage=0.5,
        ),
        Finding(
            "clock_jump",
            Severity.INFO,
            "eye",
            "lost 83.0 ms at 25.0 s",
            "nothing: both sides were aligned by themselves",
        ),
        *(
            Finding(
                "duplicate_stamps",
                Severity.INFO,
                f"imu{i}/acceleration",
                f"{i + 2} stamps equal the one before",
                "keep the first of each pair",
            )
            for i in range(12)
        ),
    )


def drive_session(name: str = "drive-07", *, seconds: int = 300) -> Session:
    """A vehicle's log on wall time: point clouds, motion and position, and no camera."""
    start_ns = 1_760_000_000 * NS_PER_S
    base = Clock("car", Epoch.UNIX)
    lidar_clock = Clock("car/lidar", Epoch.UNIX)
    lidar = Stream(
        "car/points",
        Modality.POINTS,
        "car/lidar",
        ListedTimeline(start_ns + without(np.arange(10 * seconds, dtype=np.int64) * 100 * NS_PER_MS, (120.0, 151.0))),
        ArraySamples(np.zeros((10 * seconds - 310, 4, 3), dtype=np.float32)),
        nominal_rate_hz=10,
        source="drive.mcap",
    )
    motion = Stream(
        "car/imu",
        Modality.MOTION,
        "car",
        RegularTimeline(start_ns, Fraction(200), 200 * seconds),
        ArraySamples(np.zeros((200 * seconds, 6), dtype=np.float32)),
        source="drive.mcap",
    )
    spread = Uncertainty((0.04 * NS_PER_MS) ** 2)
    lidar_map = TimeMap(
        "car/lidar",
        "car",
        (Piece(Interval(start_ns, start_ns + seconds * NS_PER_S), start_ns, 1_800_000, 1.2e-6, spread),),
    )
    streams = (lidar, motion)
    recording = Recording(
        name, Path(), streams, (base, lidar_clock), sources=(SourceFile("drive.mcap", 734_003_200, "bag", "d" * 64),)
    )
    alignment = Alignment(
        name,
        "car",
        (
            ClockAlignment(base, ("car/imu",), Status.ALIGNED, TimeMap.identity("car")),
            ClockAlignment(lidar_clock, ("car/points",), Status.ALIGNED, lidar_map, ("arrival",)),
        ),
    )
    return recording, alignment, ()


def example_version(sessions: int = 2) -> Version:
    """A version that such sessions could have made."""
    recipe = {"reference": "", "budget_ms": 80.0, "context": {"history_s": 5.0, "future_s": 5.0, "pause_s": 0.5}}
    return Version(2, "5f" * 32, 1, recipe, {"recordings": sessions, "streams": 8, "capsules": 8})
