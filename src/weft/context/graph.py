"""The typed edges among a capsule's annotations.

    word ──part_of──▶ utterance ──precedes──▶ utterance (anchor) ──precedes──▶ utterance
                         ▲ during                  ▲ during      ▲ follows / precedes / overlaps
                      prosody                  action unit      event, gesture, any other label

Every annotation but the anchor has an edge, so that no label hangs in the air; the number
of edges grows with the number of annotations, not with its square.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from weft.core import Annotation, Interval, Relation

_SAID_OF_AN_UTTERANCE = ("prosody", "action_unit")
_PARTS = ("word", "phone")
_MOST_OVERLAPS = 4
"""How many later utterances one utterance may be joined to by ``overlaps``: more voices than five are a crowd."""


def relations_among(
    annotations: Sequence[Annotation],
    anchor: int,
    *,
    word_kinds: tuple[str, ...] = ("word",),
    utterance_kinds: tuple[str, ...] = ("utterance",),
) -> tuple[Relation, ...]:
    """The edges of a capsule's graph, over positions in ``annotations``.

    Parameters
    ----------
    annotations
        In order of start.
    anchor
        The position of the annotation that the capsule is about.
    word_kinds, utterance_kinds
        Which kinds are words and utterances.

    Notes
    -----
    ``part_of``: a word of the utterance that holds its middle, a phone of its word, the
    same tier or speaker before any other. ``precedes``: an utterance and the next one.
    ``overlaps``: two utterances that share time. ``during``: prosody and action units and
    their utterance. Everything else is related to the anchor: ``during`` it, ``overlaps``
    it (ambient sound does: it holds it), ``precedes`` or ``follows`` it.
    """
    spoken = [i for i, a in enumerate(annotations) if a.kind in utterance_kinds]
    utterances = sorted({*spoken, anchor})
    words = [i for i, a in enumerate(annotations) if a.kind in word_kinds]
    edges = _among_utterances(annotations, spoken)
    holders = {kind: utterances for kind in (*_SAID_OF_AN_UTTERANCE, *word_kinds)} | {"phone": words or utterances}
    finders = {id(places): _Holders(annotations, places) for places in holders.values()}
    # Utterances hang together among themselves, and so on the anchor when it is one of them.
    chained = set(spoken) if anchor in spoken else set()
    for place, annotation in enumerate(annotations):
        if place == anchor or place in chained:
            continue
        places = holders.get(annotation.kind)
        holder = finders[id(places)].of(place) if places is not None else None
        if holder is None:
            edges.append(Relation(place, _seen_from(annotation.interval, annotations[anchor].interval), anchor))
        else:
            kind = "during" if annotation.kind in _SAID_OF_AN_UTTERANCE else "part_of"
            edges.append(Relation(place, kind, holder))
    return tuple(sorted(edges, key=lambda edge: (edge.subject, edge.object, edge.kind)))


def _among_utterances(annotations: Sequence[Annotation], utterances: Sequence[int]) -> list[Relation]:
    """Each utterance and the next, and those that share time."""
    edges = [Relation(a, "precedes", b) for a, b in pairwise(utterances)]
    for index, one in enumerate(utterances):
        for other in utterances[index + 1 : index + 1 + _MOST_OVERLAPS]:
            if annotations[one].interval.overlaps(annotations[other].interval):
                edges.append(Relation(one, "overlaps", other))
    return edges


class _Holders:
    """Finds the utterance (or word) that an annotation belongs to."""

    def __init__(self, annotations: Sequence[Annotation], places: Sequence[int]) -> None:
        self.annotations = annotations
        self.places = np.array(places, dtype=np.int64)
        self.starts_ns = np.array([annotations[i].interval.start_ns for i in places], dtype=np.int64)
        self.stops_ns = np.array([annotations[i].interval.stop_ns for i in places], dtype=np.int64)

    def of(self, place: int) -> int | None:
        """The holder of the annotation's middle; of its own speaker if there is one, the shortest if several."""
        part = self.annotations[place]
        middle_ns = (part.interval.start_ns + part.interval.stop_ns) // 2
        inside = self.places[
            (self.starts_ns <= middle_ns) & (middle_ns < np.maximum(self.stops_ns, self.starts_ns + 1))
        ]
        found = [int(i) for i in inside if i != place]
        if not found:
            return None
        speaker = speaker_of(part)
        return min(
            found,
            key=lambda i: (speaker_of(self.annotations[i]) != speaker, self.annotations[i].interval.duration_ns, i),
        )


def speaker_of(annotation: Annotation) -> str:
    """Who speaks, as far as the tier's name says: what stands before its last dash.

    Examples
    --------
    >>> speaker_of(Annotation("word", Interval(0, 1), "mic", "hi", tier="mary - words"))
    'mary'
    """
    front, dash, _ = annotation.tier.rpartition("-")
    return front.strip() if dash else annotation.tier.strip()


def _seen_from(interval: Interval, anchor: Interval) -> str:
    """How an interval, or a point, lies to the anchor."""
    if anchor.covers(interval) and (not interval.is_empty or anchor.contains(interval.start_ns) or anchor.is_empty):
        return "during"
    if interval.overlaps(anchor) or interval.contains(anchor.start_ns):
        return "overlaps"
    return "precedes" if interval.start_ns < anchor.start_ns else "follows"
