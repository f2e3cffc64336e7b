"""Every clock's event lists: what files say at once, what sound, pictures and faces show when somebody can use it."""

from __future__ import annotations

from collections.abc import Sequence

from weft.core import MissingExtraError, Modality, Recording, Stream
from weft.sync.events.blinks import blink_lists, face_blinks
from weft.sync.events.claps import clap_lists
from weft.sync.events.gaze_angles import is_tracker
from weft.sync.events.lights import light_lists
from weft.sync.events.lists import BLINK, EventList
from weft.sync.events.markers import marker_lists
from weft.sync.events.pulses import pulse_lists
from weft.sync.sound.pairs import longest_sounds

Pairs = Sequence[tuple[str, str]]

MOST_LISTS = 12
"""Lists of one clock that are compared; more would only find chance."""


class ClockEvents:
    """The event lists of a recording's clocks.

    Parameters
    ----------
    recording
        What was recorded.
    clocks
        The clocks whose tables and annotations are read.
    """

    def __init__(self, recording: Recording, clocks: Sequence[str]) -> None:
        self._recording = recording
        self._lists = {clock: _read_lists(recording, clock) for clock in clocks}

    def of(self, clock: str) -> list[EventList]:
        """The lists of one clock."""
        return self._lists[clock][:MOST_LISTS]

    def search_sound_and_pictures(self, pairs: Pairs) -> None:
        """Add claps of sounds and lights of videos that have a partner among the pairs to be compared with."""
        sounds, videos = longest_sounds(self._recording), longest_videos(self._recording)
        told = {name for name, lists in self._lists.items() if any(x.kind != BLINK for x in lists)}
        for clock in self._lists:
            partners = _partners(clock, pairs)
            silent = (partners & set(videos)) - set(sounds)
            if clock in sounds and partners & (told | silent):
                self._lists[clock] += clap_lists(sounds[clock])
            if clock in videos and partners & (told | set(sounds) | set(videos)):
                self._lists[clock] += light_lists(videos[clock])

    def search_faces(self, pairs: Pairs) -> tuple[set[str], dict[str, str]]:
        """Add blinks of faces in videos without a table of them, where a partner is a tracker that saw blinks.

        Returns
        -------
        tuple
            The clocks that got a list, and by clock why faces could not be looked for.
        """
        blinking = {name for name, lists in self._lists.items() if any(x.kind == BLINK for x in lists)}
        trackers = {name for name in blinking if any(is_tracker(s) for s in self._recording.streams_of(name))}
        added, reasons = set(), {}
        for clock, video in longest_videos(self._recording).items():
            if clock in blinking or not _partners(clock, pairs) & trackers:
                continue
            try:
                blinks = face_blinks(video)
            except MissingExtraError as error:
                reasons[clock] = str(error)
                continue
            if blinks is not None:
                self._lists[clock].insert(0, blinks)
                added.add(clock)
        return added, reasons


def _partners(clock: str, pairs: Pairs) -> set[str]:
    """The clocks that are to be compared with one."""
    return {b if a == clock else a for a, b in pairs if clock in (a, b)}


def _read_lists(recording: Recording, clock: str) -> list[EventList]:
    """What a clock's tables and annotations say of events."""
    pulses = [made for stream in recording.streams_of(clock) for made in pulse_lists(stream)]
    return [*pulses, *blink_lists(recording, clock), *marker_lists(recording, clock)]


def longest_videos(recording: Recording) -> dict[str, Stream]:
    """For every clock with moving pictures, the longest."""
    best: dict[str, Stream] = {}
    for stream in recording.streams:
        if stream.modality is Modality.VIDEO and len(stream) > len(best.get(stream.clock, ())):
            best[stream.clock] = stream
    return best
