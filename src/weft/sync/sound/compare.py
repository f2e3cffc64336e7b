"""Evidence from sound: two microphones that heard the same scene.

The search is coarse first (rising band energies), then fine (windowed GCC-PHAT, warped
along the drift); ``track.py`` joins both into a line per piece. What this file adds is
the judgement. A relation is reported only when

* at least four windows that share no sound agree on one line, more than chance explains
  (binomial, below one in a million),
* they stand out of the same windows compared at wrong delays,
* no other delay explains the sound nearly as well (a loop, a metronome, a test tone); where one
  does, the evidence names it as an alternative and does not suffice,
* the drift is one that an oscillator can have.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy.special import bdtrc

from weft.core import NS_PER_S, Alternative, Assumption, Evidence, Stream
from weft.dsp.robust_line import robust_scale
from weft.sync.sound.breaks import Break, place_break
from weft.sync.sound.coarse import LARGEST_DRIFT, CoarseMatch, CoarsePiece, match_coarsely, periods_of
from weft.sync.sound.fine import Window, measure_piece, window_length_s
from weft.sync.sound.grid import RATE_HZ, SoundGrid
from weft.sync.sound.skew import path_skew_s
from weft.sync.sound.stray import add_short_pieces
from weft.sync.sound.talkers import may_be_talkers, track_talkers
from weft.sync.sound.track import AGREES_S, REACH_S, Track, heard_s, stands_out, track_delay

REPEATS_ITSELF = "the sound repeats itself: several offsets fit equally well, so none can be told to be right"
LEAST_OVERLAP_S = 10.0
LEAST_INDEPENDENT = 4
LARGEST_CHANCE = 1e-6
RIVAL_SHARE = 0.5
CLEAR = 2.0
"""Windows twice as good as those at wrong delays are no chance, however few lie on the line."""

SAME_DELAY_S = 0.01
WRONG_LAGS_S = (-7.3, -3.1, 2.3, 5.9)


@dataclass(frozen=True)
class SoundMatch:
    """What two recordings' sound says: evidence, or why there is none.

    ``reason`` is one sentence, empty when the evidence suffices.
    """

    evidence: Evidence | None
    reason: str = ""


def audio_evidence(reference: Stream, device: Stream) -> list[Evidence]:
    """How ``device``'s clock relates to ``reference``'s, from what both recorded.

    Parameters
    ----------
    reference, device
        Audio streams of any rate, on different clocks.

    Returns
    -------
    list of Evidence
        One with method ``"audio"``, or none when the two share no sound that can be told
        apart from chance. ``details["sufficient"]`` is false where the overlap is too short to trust.

    Notes
    -----
    Fails to see a constant acoustic path (the assumption ``acoustic_path``) and to tell copies of a loop
    apart; the second is said: ``alternatives`` lists the other readings.
    """
    grids = SoundGrid(reference), SoundGrid(device)
    try:
        match = compare_sound(*grids)
    finally:
        for grid in grids:
            grid.close()
    return [match.evidence] if match.evidence else []


def compare_sound(reference: SoundGrid, device: SoundGrid) -> SoundMatch:
    """Search, measure, judge."""
    rough = match_coarsely(reference, device)
    if not rough.pieces:
        return SoundMatch(None, "the two recordings share no sound that stands out of chance")
    tracks = track_delay(reference, device, rough.pieces)
    talkers = track_talkers(reference, device, rough.pieces) if may_be_talkers(tracks) else None
    tracks = [talkers] if talkers is not None else tracks
    tracks = _convincing(reference, device, tracks)
    if not tracks:
        return SoundMatch(None, "no delay is agreed on by enough windows of the two recordings")
    if talkers is None:
        # Before rivals are looked for: a short piece beside a jump is no other reading of the rest.
        tracks = add_short_pieces(reference, device, tracks)
    readings = _other_readings(reference, device, rough, tracks)
    if readings:
        return replace(_evidence(reference, device, tracks, [], readings), reason=REPEATS_ITSELF)
    breaks = [place_break(reference, device, a, b) for a, b in pairwise(tracks)]
    return _evidence(reference, device, _on_their_side(tracks, breaks), breaks, ())


def _on_their_side(tracks: list[Track], breaks: list[Break]) -> list[Track]:
    """The tracks without windows whose centre lies beyond a break."""
    stops = [*(b.stop - b.slack for b in breaks), np.inf]
    starts = [-np.inf, *(b.start + b.slack for b in breaks)]
    kept = []
    for track, start, stop in zip(tracks, starts, stops, strict=True):
        centres = np.array([w.centre for w in track.windows])
        kept.append(replace(track, agrees=track.agrees & (centres >= start) & (centres < stop)))
    return kept


def _convincing(reference: SoundGrid, device: SoundGrid, tracks: list[Track]) -> list[Track]:
    """The tracks that neither chance nor wrong delays explain."""
    if not tracks:
        return []
    heard = [heard_s(reference, device, track.piece) for track in tracks]
    overlap_s = sum(heard)
    length_s = window_length_s(overlap_s)
    background = _wrong_quality(reference, device, tracks, length_s)
    kept = []
    least = 2 if len(tracks) > 1 else LEAST_INDEPENDENT
    for track, sounding_s in zip(tracks, heard, strict=True):
        quality = np.array([w.answer.quality for w in track.windows])
        hits = track.agrees & (quality > background)
        enough = _independent(np.array([w.centre for w in track.windows])[hits], length_s) >= least
        clear = enough and float(np.median(quality[hits])) > CLEAR * background
        if not (clear or _beyond_chance(track, hits, sounding_s, length_s)) or abs(track.line.slope) > LARGEST_DRIFT:
            continue
        kept.append(replace(track, agrees=track.agrees & (quality > 0.7 * background)))
    kept = [track for track in kept if _independent(track.centres, length_s) >= least]
    return kept if sum(_independent(t.centres, length_s) for t in kept) >= LEAST_INDEPENDENT else []


def _independent(centres: np.ndarray, length_s: float) -> int:
    """How many of the windows share no sound, chosen greedily."""
    count, last = 0, -np.inf
    for centre in centres:
        if centre - last >= 0.99 * length_s * RATE_HZ:
            count, last = count + 1, centre
    return count


def _wrong_quality(reference: SoundGrid, device: SoundGrid, tracks: list[Track], length_s: float) -> float:
    """What the best of windows reach at delays that are surely wrong: the 95th percentile."""
    longest = max(tracks, key=lambda track: track.piece.stop - track.piece.start).piece
    qualities = []
    for shift_s in WRONG_LAGS_S:
        wrong = _shifted(longest, shift_s * RATE_HZ)
        windows = measure_piece(reference, device, wrong, reach_s=REACH_S, length_s=length_s, most=8)
        qualities += [window.answer.quality for window in windows]
    return float(np.percentile(qualities, 95))


def _shifted(piece: CoarsePiece, by: float) -> CoarsePiece:
    """The same stretch at another delay."""
    return replace(piece, lag=piece.lag + by)


def _beyond_chance(track: Track, hits: np.ndarray, sounding_s: float, length_s: float) -> bool:
    """Whether so many windows on one line are too many for chance."""
    centres = np.array([w.centre for w in track.windows])
    spans = max(1, round(sounding_s / length_s))
    trials = max(spans, _independent(centres, length_s))
    agreeing = _independent(centres[hits], length_s)
    share = AGREES_S / REACH_S
    # The line was chosen to pass through many: as many chances as places and slopes it could have had.
    choices = REACH_S / AGREES_S * 10.0
    return _at_least(agreeing, trials, 2.0 * share) * choices < LARGEST_CHANCE


def _at_least(hits: int, trials: int, share: float) -> float:
    """The chance of so many hits or more."""
    return float(bdtrc(hits - 1, trials, share)) if hits > 0 else 1.0


def _other_readings(
    reference: SoundGrid, device: SoundGrid, rough: CoarseMatch, tracks: list[Track]
) -> tuple[Alternative, ...]:
    """Other constant delays that fit nearly as many windows nearly as well, nearest first."""
    longest = max(tracks, key=lambda track: len(track.centres))
    ours = float(np.median(_qualities(longest)))
    our_share = longest.agrees.sum() / max(1, len(longest.windows))
    length_s = window_length_s(heard_s(reference, device, longest.piece))
    shifts = [sign * period for period in periods_of(device, longest.piece) for sign in (1.0, -1.0)]
    found: dict[int, Alternative] = {}
    for rival in (*rough.rivals, *(_shifted(longest.piece, shift) for shift in shifts)):
        if rival.stop - rival.start < 2 * length_s * RATE_HZ:
            continue
        tilted = replace(rival, slope=longest.line.slope)
        windows = measure_piece(reference, device, tilted, reach_s=REACH_S, length_s=length_s, most=10)
        usable = [w for w in windows if stands_out(w) and w.answer.quality > 0.5 * ours and not _explained(w, tracks)]
        if len(usable) < 2:
            continue
        apart = np.array([w.lag - float(longest.line.at(w.centre)) for w in usable])
        middle = float(np.median(apart))
        agreeing = np.abs(apart - middle) < 4.0 * AGREES_S * RATE_HZ
        if agreeing.sum() >= max(2.0, RIVAL_SHARE * our_share * len(windows)):
            height = float(np.median([w.answer.quality for w in usable])) / ours
            shift_ns = round(middle / RATE_HZ * NS_PER_S)
            found.setdefault(round(shift_ns / 1e7), Alternative(shift_ns, float(np.clip(height, 0.0, 1.0))))
    return tuple(sorted(found.values(), key=lambda one: abs(one.shift_ns)))


def _explained(window: Window, tracks: list[Track]) -> bool:
    """Whether a window found one of the tracks' own delays again."""
    return any(
        abs(window.lag - float(track.line.at(window.centre))) < SAME_DELAY_S * RATE_HZ + track.spread / 2.0
        for track in tracks
    )


def _evidence(
    reference: SoundGrid,
    device: SoundGrid,
    tracks: list[Track],
    breaks: list[Break],
    readings: tuple[Alternative, ...],
) -> SoundMatch:
    """Windows on the lines as offsets between the two clocks."""
    centres = np.concatenate([track.centres for track in tracks])
    lags = np.concatenate([track.lags for track in tracks])
    sds = np.concatenate([_honest_sds(track) for track in tracks])
    times_ns = device.time_ns(centres)
    offsets_ns = reference.time_ns(centres + lags) - times_ns
    order = np.argsort(times_ns, kind="stable")
    covered_s = sum(float(np.ptp(track.centres)) for track in tracks) / RATE_HZ
    covered_s += window_length_s(sum(t.piece.stop - t.piece.start for t in tracks) / RATE_HZ) * len(tracks)
    enough = covered_s >= LEAST_OVERLAP_S
    skew_s = path_skew_s(reference, device, max(tracks, key=lambda track: len(track.centres)))
    inverted = bool(np.mean([w.answer.polarity for t in tracks for w in t.windows]) < 0)
    quality = float(np.median(np.concatenate([_qualities(track) for track in tracks])))
    evidence = Evidence(
        clock=device.stream.clock,
        reference=reference.stream.clock,
        times_ns=times_ns[order],
        offsets_ns=offsets_ns[order],
        sds_ns=sds[order] * NS_PER_S,
        method="audio",
        score=quality,
        sources=(device.stream.name, reference.stream.name),
        details={
            "sufficient": enough and not readings,
            "covered_s": round(covered_s, 3),
            "inverted_polarity": inverted,
            "breaks": [_break_ns(reference, device, b, tracks[i : i + 2]) for i, b in enumerate(breaks)],
            "talkers_apart_s": max(track.spread for track in tracks) / RATE_HZ,
        },
        alternatives=readings,
    )
    reason = "" if enough else f"only {covered_s:.1f} s of sound agree, {LEAST_OVERLAP_S:.0f} s are needed to be sure"
    return SoundMatch(_with_assumptions(evidence, skew_s, max(track.spread for track in tracks)), reason)


def _with_assumptions(evidence: Evidence, skew_s: float, spread: float) -> Evidence:
    """The evidence with what all of its windows share, measured."""
    says = (
        "echoes, filters and codecs shift different frequencies differently, the same way all the time; by this much "
        "that may shift the whole"
    )
    evidence = evidence.assuming(Assumption("sound_colour", 0.0, skew_s * NS_PER_S, says, "measured"))
    if not spread:
        return evidence
    apart_s = spread / RATE_HZ
    says = (
        f"several sources were heard by ways whose lengths differ by up to {1e3 * apart_s:.1f} ms; the offset is the "
        "middle of theirs, and the clocks' own lies between the shortest and the longest"
    )
    # Uniform between the outer two.
    return evidence.assuming(Assumption("acoustic_path", 0.0, apart_s / np.sqrt(12.0) * NS_PER_S, says, "measured"))


def _qualities(track: Track) -> np.ndarray:
    """Qualities of the windows on the line."""
    return np.array([w.answer.quality for w in track.windows])[track.agrees]


def _honest_sds(track: Track) -> np.ndarray:
    """The windows' standard deviations in seconds, widened to what their scatter shows."""
    sds = np.array([max(w.answer.sd_s, 0.5e-6) for w in track.windows])[track.agrees]
    residual_s = (track.lags - track.line.at(track.centres)) / RATE_HZ
    freedom = np.sqrt(len(sds) / max(1.0, len(sds) - 2.0))
    widened: np.ndarray = sds * max(1.0, robust_scale(residual_s / sds) * freedom)
    return widened


def _break_ns(reference: SoundGrid, device: SoundGrid, gap: Break, around: list[Track]) -> dict[str, list[int] | float]:
    """A break on both clocks, JSON-ready: where one piece stops and the next starts."""
    edges = (float(gap.stop), float(gap.start))
    on_reference = [track.piece.reference_at(edge) for track, edge in zip(around, edges, strict=True)]
    return {
        "clock_ns": [int(t) for t in device.time_ns(np.array(edges))],
        "reference_ns": [int(t) for t in reference.time_ns(np.array(on_reference))],
        "slack_s": gap.slack / RATE_HZ,
    }
