"""Whose motion to compare with whose: only clocks that nothing better ties, sensors before pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations

from weft.core import Assumption, Evidence, Modality, Recording, Stream
from weft.core.assumptions import USUAL, assumed, declared
from weft.sync.motion.compare import compare_motion
from weft.sync.motion.device import Device
from weft.sync.motion.flow import LEAST_FPS, video_signals
from weft.sync.motion.search import LEAST_OVERLAP_S
from weft.sync.motion.signals import TURNING, MotionSignal, pose_signal, sensor_columns, sensor_signals
from weft.sync.relations import Question, Relations
from weft.sync.solver.ranking import is_sufficient, reached, tier_of

Make = Callable[[str], Device | None]


def relate_by_sensors(question: Question) -> Relations:
    """Inertial unit against inertial unit: gyroscopes and accelerometers that were worn, held or driven together."""
    recording = question.recording
    clocks = [clock.name for clock in recording.clocks if _sensors(recording, clock.name)]
    made = _once(lambda clock: _device(clock, _sensed(recording, clock)))
    return _relate(question, list(combinations(_hub_first(question, clocks), 2)), made, "the motion of")


def relate_by_pictures(question: Question) -> Relations:
    """Cameras against inertial units, then against each other: what a picture shows of motion.

    A video is decoded only where a clock that is not tied to its own has motion to compare with.
    """
    recording = question.recording
    names = [clock.name for clock in recording.clocks]
    seeing = [name for name in names if _video(recording, name) or _poses(recording, name)]
    turning = [name for name in names if any(TURNING in sensor_columns(s) for s in _sensors(recording, name))]
    pairs = [(a, b) for a in seeing for b in _hub_first(question, turning) if a != b and a not in turning]
    pairs += list(combinations(_hub_first(question, seeing), 2))
    shares = {name: 1.0 / max(1, len(seeing)) for name in seeing}

    def make(clock: str) -> Device | None:
        signals = _sensed(recording, clock)
        at = seeing.index(clock) * shares[clock] if clock in seeing else 0.0
        told = f"following the pictures of {clock}"
        video = _video(recording, clock)
        poses = [signal for s in _poses(recording, clock) if (signal := pose_signal(s))]
        shown = video_signals(video, tell=lambda part: question.tell(told, at + part * shares[clock])) if video else []
        # A gyroscope knows its camera's turning better than the picture does, and keypoints what moves in it.
        kept = [one for one in shown if not any(one.kind == other.kind for other in [*signals, *poses])]
        return _device(clock, [*signals, *poses, *kept])

    relations = _relate(question, pairs, _once(make), "the pictures of")
    if len(names) > 1:
        relations.reasons = {
            name: why for name, why in _too_short(recording).items() if name not in seeing
        } | relations.reasons
    return relations


def _relate(question: Question, pairs: list[tuple[str, str]], make: Make, what: str) -> Relations:
    """Compare pair after pair, leaving out those that are tied by then."""
    relations = Relations()
    names = [clock.name for clock in question.recording.clocks]
    firm = [e for e in question.known if tier_of(e) == 0]
    for index, (one, two) in enumerate(pairs):
        sure = [e for e in relations.evidence if is_sufficient(e)]
        if two in reached(one, names, [*firm, *sure]):
            continue
        question.tell(f"comparing {what} {one} and {two}", index / len(pairs))
        devices = make(one), make(two)
        if devices[0] is None or devices[1] is None:
            continue
        match = compare_motion(devices[0], devices[1])
        if match.evidence is None:
            relations.reasons.setdefault(two, f"its motion was compared with that of {one!r}: {match.reason}")
            continue
        relations.evidence.append(_with_assumptions(match.evidence, question.recording))
    for name in reached(question.reference, names, [*firm, *relations.evidence]):
        relations.reasons.pop(name, None)
    return relations


def _too_short(recording: Recording) -> dict[str, str]:
    """By clock: that its pictures are too short to be compared."""
    said = {}
    for stream in recording.streams:
        if stream.modality in (Modality.VIDEO, Modality.POSE) and not _long(stream) and len(stream) > 1:
            length_s = stream.interval.duration_s
            said[stream.clock] = (
                f"{stream.name} lasts {length_s:.1f} s: motion is compared from {LEAST_OVERLAP_S:g} s on"
            )
    return said


def _with_assumptions(evidence: Evidence, recording: Recording) -> Evidence:
    """The evidence with what is taken for granted of a camera's stamps.

    Between two cameras that nothing else reads, frames are compared with frames and nothing is assumed.
    """
    for clock in (evidence.clock, evidence.reference):
        others = [stream for stream in recording.streams_of(clock) if stream.name not in evidence.sources]
        seen = any(
            recording.stream(name).modality is Modality.VIDEO for name in _sources_on(evidence, recording, clock)
        )
        if not seen or (evidence.method == "motion_video" and not others):
            continue
        ours = evidence if evidence.clock == clock else evidence.reversed()
        for one in _of_frames(recording, clock):
            ours = ours.assuming(one)
        evidence = ours if evidence.clock == clock else ours.reversed()
    return evidence


def _of_frames(recording: Recording, clock: str) -> list[Assumption]:
    """How long after a frame's stamp its middle was exposed: exposure and readout as declared, else a guess at both."""
    parts = [USUAL["exposure_centre"], USUAL["readout"]]
    if any(declared(recording, part, clock=clock) for part in parts):
        return [assumed(recording, part.name, clock=clock) for part in parts]
    return [assumed(recording, "exposure_and_readout", clock=clock)]


def _sources_on(evidence: Evidence, recording: Recording, clock: str) -> list[str]:
    """The streams of one clock that evidence was measured from."""
    return [name for name in evidence.sources if recording.stream(name).clock == clock]


def _hub_first(question: Question, clocks: list[str]) -> list[str]:
    """The reference, then the clocks with the longest streams."""
    lengths = {name: max(s.interval.duration_ns for s in question.recording.streams_of(name)) for name in clocks}
    return sorted(clocks, key=lambda name: (name != question.reference, -lengths[name]))


def _sensors(recording: Recording, clock: str) -> list[Stream]:
    """The streams of inertial sensors on a clock."""
    return [
        stream
        for stream in recording.streams_of(clock)
        if stream.modality in (Modality.MOTION, Modality.TABLE) and _long(stream) and sensor_columns(stream)
    ]


def _sensed(recording: Recording, clock: str) -> list[MotionSignal]:
    """All sensors' signals on a clock."""
    return [signal for stream in _sensors(recording, clock) for signal in sensor_signals(stream)]


def _video(recording: Recording, clock: str) -> Stream | None:
    """A clock's longest video."""
    videos = [s for s in recording.streams_of(clock) if s.modality is Modality.VIDEO and _long(s)]
    videos = [video for video in videos if (video.effective_rate_hz or 0.0) >= LEAST_FPS]
    return max(videos, key=len, default=None)


def _poses(recording: Recording, clock: str) -> list[Stream]:
    """A clock's streams of keypoints."""
    return [s for s in recording.streams_of(clock) if s.modality is Modality.POSE and _long(s)]


def _long(stream: Stream) -> bool:
    """Whether a stream is long enough to be compared at all."""
    return stream.interval.duration_s >= LEAST_OVERLAP_S


def _device(clock: str, signals: Iterable[MotionSignal]) -> Device | None:
    """The device, if anything is known of its motion."""
    found = list(signals)
    return Device.of(clock, found) if found else None


def _once(make: Make) -> Make:
    """The same function, asked once for each clock."""
    made: dict[str, Device | None] = {}

    def remembered(clock: str) -> Device | None:
        if clock not in made:
            made[clock] = make(clock)
        return made[clock]

    return remembered
