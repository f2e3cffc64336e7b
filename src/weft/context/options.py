"""What may be chosen about capsules; every choice enters the recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from importlib.util import find_spec
from typing import Any

from weft.core import UsageError

DETECTORS = ("auto", "silero", "statistical", "none")
ALL_AUDIO = "*"


@dataclass(frozen=True, slots=True)
class ContextOptions:
    """What may be chosen about capsules.

    Parameters
    ----------
    history_s, future_s
        How much context a capsule has on either side, at least; it grows to whole utterances.
    anchor_kinds
        What capsules are about, the first kind that the recording has: ``"utterance"``,
        ``"event"``, any other kind of annotation by its name, and ``"segment"``
        (tiles of ``segment_s``), which every recording has.
    pause_s
        Silence from which words, or stretches of voice, belong to two utterances.
    longest_utterance_s
        A longer utterance is cut at its longest inner pause.
    segment_s
        The length of a tile.
    utterance_kinds, word_kinds, event_kinds
        Which kinds of annotation are utterances, words and events.
    silence_labels
        Labels, in lower case, with which transcripts mark that nobody speaks.
    voice_activity
        Who finds utterances where there is no transcript, and which frames are speech:
        ``"silero"`` (needs the extra ``speech``), ``"statistical"``, ``"none"``, or
        ``"auto"``: silero where it can run. See :meth:`resolved`.
    audio
        The sound streams to listen to: none for the preferred one, names, or ``"*"`` for all
        that are aligned. The first is the one that prosody and ambient sound are measured on.
    use_weak
        Whether clocks whose alignment is weak take part.
    estimate_faces
        Whether action units are estimated from video where none were imported (needs the
        extra ``face``).
    most_anchors
        More anchors than this are refused: a marker stream that ticks is not a list of events.

    Examples
    --------
    >>> ContextOptions(history_s=10.0).to_dict()["history_s"]
    10.0
    >>> ContextOptions.from_dict({"pause_s": 0.7}).pause_s
    0.7
    """

    history_s: float = 5.0
    future_s: float = 5.0
    anchor_kinds: tuple[str, ...] = ("utterance", "event", "segment")
    pause_s: float = 0.5
    longest_utterance_s: float = 20.0
    segment_s: float = 10.0
    utterance_kinds: tuple[str, ...] = ("utterance",)
    word_kinds: tuple[str, ...] = ("word",)
    event_kinds: tuple[str, ...] = ("event",)
    silence_labels: tuple[str, ...] = ("", "sil", "sp", "spn", "<eps>", "<sil>", "{sl}", "{ns}")
    voice_activity: str = "auto"
    audio: tuple[str, ...] = ()
    use_weak: bool = True
    estimate_faces: bool = True
    most_anchors: int = 20_000

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, list):
                object.__setattr__(self, field.name, tuple(value))
        problems = [
            f"{name} must be at least 0 and finite, found {getattr(self, name)!r}"
            for name in ("history_s", "future_s", "pause_s")
            if not 0.0 <= getattr(self, name) < float("inf")
        ]
        problems += [
            f"{name} must be positive, found {getattr(self, name)!r}"
            for name in ("longest_utterance_s", "segment_s", "most_anchors")
            if not getattr(self, name) > 0
        ]
        if self.voice_activity not in DETECTORS:
            problems.append(f"voice_activity must be one of {', '.join(DETECTORS)}, found {self.voice_activity!r}")
        if not self.anchor_kinds:
            problems.append("anchor_kinds must name at least one kind")
        if problems:
            raise UsageError("context options: " + "; ".join(problems))

    def resolved(self) -> ContextOptions:
        """These options as this installation can follow them.

        ``"auto"`` becomes a detector, and ``estimate_faces`` false where the extra ``face`` is
        absent. Put the resolved options into a recipe: two machines of which only one has the
        extras make different capsules, and should say so.
        """
        voice = "silero" if find_spec("onnxruntime") else "statistical"
        return replace(
            self,
            voice_activity=voice if self.voice_activity == "auto" else self.voice_activity,
            estimate_faces=self.estimate_faces and can_estimate_faces(),
        )

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> ContextOptions:
        """The options that :meth:`to_dict` wrote; what is absent keeps its default.

        Raises
        ------
        UsageError
            If an option is unknown or its value not allowed.
        """
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(record) - set(known))
        if unknown:
            raise UsageError(f"unknown context options {', '.join(unknown)}; known are {', '.join(known)}")
        kinds = {field.name: field.default for field in fields(cls)}
        problems = [problem for name, value in record.items() if (problem := _wrong_kind(name, value, kinds[name]))]
        if problems:
            raise UsageError("context options: " + "; ".join(problems))
        return cls(**record)


def _wrong_kind(name: str, value: Any, default: object) -> str:
    """What is wrong with the type of an option's value, which must be its default's; empty if nothing."""
    if isinstance(default, bool):
        fits, kind = isinstance(value, bool), "true or false"
    elif isinstance(default, float):
        fits, kind = isinstance(value, (int, float)) and not isinstance(value, bool), "a number"
    elif isinstance(default, int):
        fits, kind = isinstance(value, int) and not isinstance(value, bool), "a whole number"
    elif isinstance(default, str):
        fits, kind = isinstance(value, str), "text"
    else:
        fits, kind = isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value), "a list of text"
    return "" if fits else f"{name} must be {kind}, found {value!r}"


def can_estimate_faces() -> bool:
    """Whether the package that runs the face networks is installed."""
    return find_spec("ai_edge_litert") is not None
