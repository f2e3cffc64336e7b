"""A talking face against sound of another clock: three methods on the same real recordings with known truth.

    python benchmarks/bench_faces.py            # needs ../shared/data/faces and torch; writes results/faces.{json,md}
    python benchmarks/bench_faces.py --quick    # a tenth of the cases, written nowhere

The clips are of the GRID corpus: 85 of one speaker (s1) and seven of six other people. The learned method is
measured across people in two folds: for the rows "s1" a network that was trained on the six others alone
(18 s of them), for the rows "others" one that was trained on s1 alone. The shipped weights saw all seven and are
not measured here. The hand-made method has nothing trained, but its lead (15 ms) was measured on the six,
and its views, band and thresholds were settled after trials on both groups; the network's size, dropout and
steps after trials on both folds. The plain baseline is what one would write first: the gap of the lips
against the logarithm of the sound's power, the largest correlation within the search.

Clips are cut at random, joined, and hidden around the joins (`weft.testing.talking_faces`); each case draws
its own clips, cuts, offset and noise, and all methods get the same case.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path

import numpy as np
from grid_people import Person, camera, clips_of_others, clips_of_s1, face, load, pairs_of, recorder

from weft.core import Evidence, Interval, Stream
from weft.dsp.band_power import band_power
from weft.faces import FaceTrack, track_faces
from weft.faces.detect import FaceDetector
from weft.faces.landmarks import FaceLandmarker, next_square
from weft.sync.assumptions import USUAL
from weft.sync.face.compare import FaceSetup, audio_face_evidence
from weft.sync.learned.judge import with_head
from weft.sync.learned.network import Network
from weft.sync.learned.train import train_network
from weft.testing.talking_faces import decode_clip, guarded, trim

HERE = Path(__file__).parent
GUARD_NS = 100_000_000
SEARCH_S = 2.0
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class Setting:
    """One recording's kind."""

    name: str
    pool: str
    clips: int
    cases: int
    shift_s: float = 1.0
    drift: float = 0.0
    snr_db: float | None = None
    frames_hz: float = 25.0
    unrelated: bool = False
    telephone: bool = False
    false_joins: bool = False


SETTINGS = (
    Setting("s1, one clip, 3 s", "s1", 1, 20),
    Setting("s1, 11 s", "s1", 4, 20),
    Setting("s1, 30 s", "s1", 11, 30),
    Setting("s1, 60 s", "s1", 22, 40),
    Setting("s1, 60 s, 50 ppm", "s1", 22, 20, drift=50e-6),
    Setting("s1, 60 s, noise at 10 dB", "s1", 22, 15, snr_db=10),
    Setting("s1, 60 s, noise at 0 dB", "s1", 22, 15, snr_db=0),
    Setting("s1, 60 s, 12.5 frames a second", "s1", 22, 15, frames_hz=12.5),
    Setting("s1, 60 s, pictures of 180 x 144", "half", 22, 15),
    Setting("s1, 60 s, telephone sound", "s1", 22, 15, telephone=True),
    Setting("s1, 60 s, as many false joins", "s1", 22, 15, false_joins=True),
    Setting("s1, 3 min", "s1", 66, 6),
    Setting("s1, 3 min, 50 ppm", "s1", 66, 6, drift=50e-6),
    Setting("s1, 60 s, unrelated", "s1", 22, 40, unrelated=True),
    Setting("others, 21 s", "others", 7, 20),
    Setting("others, 60 s", "others", 20, 30),
    Setting("others, 60 s, noise at 0 dB", "others", 20, 15, snr_db=0),
    Setting("others, 60 s, unrelated", "others", 20, 20, unrelated=True),
)


@dataclass(frozen=True)
class Case:
    """What one method said of one recording; error and standard deviations are means over its moments."""

    verdict: str
    error_ms: float
    random_sd_ms: float
    systematic_sd_ms: float
    drift_error_ppm: float | None
    score: float
    synchronisable: float | None
    cpu_s: float


def make(
    people: Sequence[Person], heard: Sequence[Person], setting: Setting, offset_s: float, rng: np.random.Generator
) -> tuple[FaceTrack, Stream]:
    """The face that the camera saw of ``people`` and the sound that the recorder heard of ``heard``."""
    parts, sounds, at_ns = [], [], 0
    rate_hz = people[0].clip.rate_hz
    for seen, spoken in zip(people, heard, strict=True):
        start_s, stop_s = trim(seen.clip, rng)
        own_start_s, own_stop_s = (start_s, stop_s) if spoken is seen else trim(spoken.clip, rng)
        start_ns, stop_ns = round(start_s * 1e9), round(stop_s * 1e9)
        keep = (seen.track.times_ns >= start_ns + GUARD_NS) & (seen.track.times_ns < stop_ns - GUARD_NS)
        parts.append((seen.track.times_ns[keep] - start_ns + at_ns, seen.track.measures[keep]))
        piece = spoken.clip.sound[round(own_start_s * rate_hz) : round(own_stop_s * rate_hz)]
        sounds.append(guarded(piece, rate_hz, rng))
        at_ns += round(len(sounds[-1]) / rate_hz * 1e9) if spoken is seen else stop_ns - start_ns
    times_ns, measures = (np.concatenate(part) for part in zip(*parts, strict=True))
    sound = np.concatenate(sounds)
    if setting.false_joins:
        times_ns, measures, sound = with_false_joins(times_ns, measures, sound, len(people), rate_hz, rng)
    if setting.snr_db is not None:
        sound = sound + rng.standard_normal(len(sound)) * np.sqrt(np.mean(sound**2) / 10 ** (setting.snr_db / 10))
    if setting.telephone:
        sound, rate_hz = through_telephone(sound, rate_hz), 8000
    rate = Fraction(round(rate_hz / (1 + setting.drift) * 100), 100)
    step = round(25 / setting.frames_hz)
    return face(times_ns[::step], measures[::step]), recorder(sound, rate, offset_s)


def with_false_joins(
    times_ns: np.ndarray, measures: np.ndarray, sound: np.ndarray, count: int, rate_hz: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Holes in the picture and patches of background in the sound, each where the other has none: they fit nowhere."""
    patch = guarded(sound, rate_hz, rng)[: round(0.1 * rate_hz)]
    sound, keep = sound.copy(), np.ones(len(times_ns), dtype=bool)
    for at_s in rng.uniform(0, len(sound) / rate_hz - 0.2, count):
        start = round(at_s * rate_hz)
        sound[start : start + 2 * len(patch)] = np.concatenate([patch, patch])[: len(sound) - start]
    for at_s in rng.uniform(0, len(sound) / rate_hz, count):
        keep &= np.abs(times_ns / 1e9 - at_s) > 0.12
    return times_ns[keep], measures[keep], sound


def through_telephone(sound: np.ndarray, rate_hz: int) -> np.ndarray:
    """8 kHz and eight bits by the mu-law of G.711: another codec than the clips', without any delay."""
    import soxr

    low = soxr.resample(sound.astype(np.float64), rate_hz, 8000)
    top = max(float(np.abs(low).max()), 1e-9)
    pressed = np.sign(low) * np.log1p(255 * np.abs(low) / top) / np.log1p(255)
    pressed = np.round(pressed * 127) / 127
    return np.sign(pressed) * np.expm1(np.abs(pressed) * np.log1p(255)) / 255 * top


def plain(track: FaceTrack, audio: Stream) -> tuple[float, float]:
    """Offset in seconds and correlation, as one would write it first."""
    rate_hz = float(audio.effective_rate_hz or 0.0)
    hop = round(rate_hz / 100)
    power = band_power(audio.samples.read(0, len(audio)), rate_hz, band_hz=(200.0, 3900.0), hop=hop)
    level = np.log(power + 1e-6 * power.max())
    sound_s = audio.timeline.slice_ns(0, len(audio))[(np.arange(len(power)) + 1) * hop] / 1e9
    seen_s, gap = track.times_ns / 1e9, track.column("mouth_gap").astype(np.float64)
    lags_s = np.arange(-SEARCH_S, SEARCH_S + 0.005, 0.01)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = [np.corrcoef(gap, np.interp(seen_s + lag_s, sound_s, level))[0, 1] for lag_s in lags_s]
    best = int(np.argmax(np.nan_to_num(values, nan=-1.0)))  # no number: the two do not meet there
    return float(lags_s[best]) - USUAL["lip_lead"].value_ns / 1e9, float(values[best])


def run_case(
    pool: Sequence[Person], setting: Setting, setups: dict[str, FaceSetup], rng: np.random.Generator
) -> dict[str, Case]:
    """One made recording, by every method."""
    repeat = setting.clips > len(pool)
    chosen = [pool[i] for i in rng.choice(len(pool), setting.clips, replace=repeat)]
    heard = chosen
    if setting.unrelated:
        heard = [pool[i] for i in rng.choice(len(pool), setting.clips, replace=repeat)]
        heard = [b if b is not a else pool[(pool.index(b) + 1) % len(pool)] for a, b in zip(chosen, heard, strict=True)]
    offset_s = float(rng.uniform(-setting.shift_s, setting.shift_s))
    track, audio = make(chosen, heard, setting, offset_s, rng)
    video = camera(np.zeros(1, np.int64), np.zeros((1, 2, 2, 3), np.uint8))
    cases = {}
    for name, setup in setups.items():
        began = time.process_time()
        found = audio_face_evidence(video, audio, tracks=[track], search_s=SEARCH_S, setup=setup)
        cases[name] = _case(found, setting, offset_s, time.process_time() - began)
    began = time.process_time()
    lag_s, height = plain(track, audio)
    middle_s = float(track.times_ns.mean()) / 1e9
    error_ms = (lag_s - offset_s - setting.drift * middle_s) * 1e3
    nan = float("nan")
    cases["plain"] = Case("", error_ms, nan, nan, None, height, None, time.process_time() - began)
    return cases


def _case(found: Sequence[Evidence], setting: Setting, offset_s: float, cpu_s: float) -> Case:
    """Evidence against the truth."""
    nan = float("nan")
    if not found:
        return Case("none", nan, nan, nan, None, 0.0, None, cpu_s)
    evidence = found[0]
    times_s = evidence.times_ns / 1e9
    errors_ms = (evidence.offsets_ns / 1e9 - offset_s - setting.drift * times_s) * 1e3
    slope = None
    if len(evidence) > 3:
        slope = float(np.polyfit(times_s, evidence.offsets_ns / 1e3, 1)[0]) - setting.drift * 1e6
    return Case(
        str(evidence.details["verdict"]),
        float(errors_ms.mean()),
        float(evidence.sds_ns.mean() / np.sqrt(len(evidence))) / 1e6,
        evidence.systematic_sd_ns / 1e6,
        slope,
        evidence.score,
        evidence.details.get("synchronisable"),
        cpu_s,
    )


def summarise(setting: Setting, cases: Sequence[Case]) -> dict[str, object]:
    """The figures of one method in one setting."""
    told = [case for case in cases if case.verdict != "none"]
    errors = np.array([case.error_ms for case in told])
    off = np.abs(errors) > 80
    sure = np.array([case.verdict == "sure" for case in told], dtype=bool)
    row: dict[str, object] = {"cases": len(cases), "sure": int(sure.sum()), "cpu_s": _mean(c.cpu_s for c in cases)}
    row["score_median"] = float(np.median([case.score for case in cases]))
    row["sure_and_beyond_80_ms"] = int((off & sure).sum())
    if setting.unrelated or not told:
        return row
    slopes = [abs(case.drift_error_ppm) for case in told if case.drift_error_ppm is not None]
    return row | {
        "within_40_ms": float((np.abs(errors) <= 40).sum() / len(cases)),
        "mean_abs_ms": float(np.abs(errors).mean()),
        "mean_ms": float(errors.mean()),
        "spread_ms": float(errors.std()),
        "abs_p95_ms": float(np.percentile(np.abs(errors), 95)),
        "abs_max_ms": float(np.abs(errors).max()),
        "drift_abs_p95_ppm": float(np.percentile(slopes, 95)) if slopes else None,
    }


def _mean(values: object) -> float:
    """The mean of an iterable."""
    return float(np.mean(list(values)))  # type: ignore[call-overload]


def reliability(groups: dict[str, list[Case]]) -> dict[str, list[float]]:
    """Shares of sure cases inside the intervals of ``LEVELS``: random part about the group's mean, and all of it."""
    from scipy.stats import norm

    random, whole = [], []
    for cases in groups.values():
        sure = [case for case in cases if case.verdict == "sure"]
        if len(sure) < 10:
            continue
        errors = np.array([case.error_ms for case in sure])
        own = np.array([case.random_sd_ms for case in sure])
        random += list(np.abs(errors - errors.mean()) / own)
        whole += list(np.abs(errors) / np.hypot(own, [case.systematic_sd_ms for case in sure]))
    limits = [norm.ppf(0.5 + level / 2) for level in LEVELS]
    return {
        "random": [float(np.mean(np.array(random) <= limit)) for limit in limits],
        "whole": [float(np.mean(np.array(whole) <= limit)) for limit in limits],
    }


def area(related: Sequence[float], unrelated: Sequence[float]) -> float:
    """The probability that a related case stands above an unrelated one (area under the ROC curve)."""
    a, b = np.array(related)[:, np.newaxis], np.array(unrelated)
    return float(((a > b) + 0.5 * (a == b)).mean())


def separation(rows: dict[str, dict[str, list[Case]]]) -> dict[str, dict[str, float]]:
    """How well 60 s of related and of unrelated material are told apart, by method."""
    result: dict[str, dict[str, float]] = {}
    for method in ("hand-made", "learned", "plain"):
        areas = {}
        for pool in ("s1", "others"):
            yes, no = rows[f"{pool}, 60 s"][method], rows[f"{pool}, 60 s, unrelated"][method]
            areas[f"{pool}, by score"] = area([c.score for c in yes], [c.score for c in no])
            if method == "learned":
                heads = [[c.synchronisable or 0.0 for c in some] for some in (yes, no)]
                areas[f"{pool}, by the last unit"] = area(*heads)
        result[method] = areas
    return result


def speeds(path: Path) -> dict[str, float]:
    """CPU milliseconds for each frame of 360 x 288 pixels."""
    images = decode_clip(path).images
    detector, landmarker = FaceDetector(), FaceLandmarker()
    square = detector(images[0]).square(0)
    began = time.process_time()
    for image in images:
        detector(image)
    detected = time.process_time()
    for image in images:
        square = next_square(landmarker(image, square)[0])
    marked = time.process_time()
    times_ns = np.arange(len(images), dtype=np.int64) * 40_000_000
    track_faces(camera(times_ns, images), interval=Interval(0, int(times_ns[-1]) + 1))
    tracked = time.process_time()
    steps = {"detect": detected - began, "landmarks": marked - detected, "track_and_measure": tracked - marked}
    return {name: round(seconds / len(images) * 1e3, 2) for name, seconds in steps.items()}


def behind(summary: dict[str, dict[str, dict]]) -> str:
    """Where another method has a smaller mean error than the learned one."""
    places = []
    for name, methods in summary.items():
        errors = {method: row["mean_abs_ms"] for method, row in methods.items() if "mean_abs_ms" in row}
        better = [method for method, error in errors.items() if error < errors["learned"]]
        places += [f"{name} ({', '.join(better)})"] if better else []
    return "The learned method has the smallest mean error except in: " + ("; ".join(places) or "none") + "."


def without_nan(value: object) -> object:
    """The same record with ``None`` for what is no number, as JSON wants it."""
    if isinstance(value, dict):
        return {key: without_nan(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(one) for one in value]
    return None if isinstance(value, float) and np.isnan(value) else value


def table(record: dict) -> str:
    """The results for people."""

    def cell(value: object, form: str = ".1f") -> str:
        return "–" if value is None else format(value, form)

    machine, speed = record["machine"], record["speed_ms"]
    lines = [
        "# A talking face against another clock's sound",
        "",
        "Real GRID clips, cut at random and joined, hidden around the joins, the sound shifted by up to 1 s and "
        "drifting (`benchmarks/bench_faces.py`). Every method got the same recordings. *learned* is measured across "
        'people: for "s1" the network was trained on six other people (18 s), for "others" on s1 alone. *plain* is '
        "the gap of the lips against log power, the largest correlation. No published network was run: their weights "
        "may not be "
        "passed on.",
        "",
        "| recording | method | cases | sure | sure but > 80 ms off | all within 40 ms | mean abs. ms | mean ms "
        "| spread ms | 95 % of abs. ms | largest ms | drift error ppm (95 %) | score | CPU s |",
        "|" + "---|" * 14,
    ]
    for name, methods in record["summary"].items():
        for method, row in methods.items():
            plain_row = method == "plain"
            lines.append(
                f"| {name} | {method} | {row['cases']} | {'–' if plain_row else row['sure']} "
                f"| {'–' if plain_row else row['sure_and_beyond_80_ms']} | {cell(row.get('within_40_ms'), '.1%')} "
                f"| {cell(row.get('mean_abs_ms'))} | {cell(row.get('mean_ms'))} | {cell(row.get('spread_ms'))} "
                f"| {cell(row.get('abs_p95_ms'))} | {cell(row.get('abs_max_ms'))} "
                f"| {cell(row.get('drift_abs_p95_ppm'))} | {cell(row['score_median'], '.2f')} "
                f"| {cell(row['cpu_s'], '.2f')} |"
            )
    lines += ["", behind(record["summary"])]
    lines += ["", "Related and unrelated 60 s told apart (area under the ROC curve):", ""]
    for method, areas in record["separation"].items():
        lines.append(f"- {method}: " + ", ".join(f"{name} {value:.3f}" for name, value in areas.items()))
    lines += [
        "",
        "Coverage of sure answers. *random*: the error about the mean of its own person, against the standard "
        "deviation that the method claims; *whole*: the error itself, with the spread of the lead added.",
        "",
        "| method | part | " + " | ".join(f"{level:.0%}" for level in LEVELS) + " |",
        "|" + "---|" * (2 + len(LEVELS)),
    ]
    for method, parts in record["reliability"].items():
        for part, shares in parts.items():
            lines.append(f"| {method} | {part} | " + " | ".join(f"{share:.0%}" for share in shares) + " |")
    lines += [
        "",
        '"All within 40 ms" counts weak answers too. Cases of a row share the clips of one person, or of six, and are '
        'not independent of each other; "others, 60 s" holds each clip about three times, cut anew. A studio recording '
        "of read sentences and frontal faces is kinder than a conversation. Whole intervals are wider than these "
        "cases need: most of their width is what speakers, exposures and the sound's way may add, of which one studio "
        "and seven people show little.",
        "",
        "Leakage: *telephone sound* is resampled to 8 kHz and mu-law coded, so that no trace of the clips' own codec "
        "is left; *false joins* are as many holes in the picture and patches in the sound as there are joins, at "
        "unrelated places. A network that lived on codec traces or joins would fall there.",
        "",
        f"CPU per frame of 360 x 288: detection {speed['detect']} ms, landmarks {speed['landmarks']} ms, "
        f"tracking with measures {speed['track_and_measure']} ms. Training: {record['training_cpu_s']:.0f} CPU s for "
        f"each network of {record['parameters']:,} numbers.",
        "",
        f"Machine: {machine['processor']}, {machine['cores']} shared cores, Python {machine['python']}, "
        f"{machine['packages']}.",
    ]
    return "\n".join(lines) + "\n"


def train_folds(pools: dict[str, list[Person]]) -> tuple[dict[str, Network], float]:
    """For each pool the network that never saw its people, and the CPU seconds of one training."""
    began = time.process_time()
    s1, others = pairs_of(pools["s1"]), pairs_of(pools["others"])
    on_others, on_s1 = (with_head(train_network(some), some) for some in (others, s1))
    return {"s1": on_others, "half": on_others, "others": on_s1}, (time.process_time() - began) / 2


def main() -> None:
    """All settings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the cases, written nowhere")
    quick = parser.parse_args().quick
    single = clips_of_s1()
    pools = {"s1": load(single), "others": load(clips_of_others()), "half": load(single, half_size=True)}
    networks, training_s = train_folds(pools)
    rows: dict[str, dict[str, list[Case]]] = {}
    summary = {}
    for number, setting in enumerate(SETTINGS):
        rng = np.random.default_rng([7, number])
        setups = {"hand-made": FaceSetup(), "learned": FaceSetup(networks[setting.pool].method())}
        count = max(3, setting.cases // 10) if quick else setting.cases
        done = [run_case(pools[setting.pool], setting, setups, rng) for _ in range(count)]
        rows[setting.name] = {method: [case[method] for case in done] for method in (*setups, "plain")}
        summary[setting.name] = {name: summarise(setting, cases) for name, cases in rows[setting.name].items()}
        print(setting.name, summary[setting.name], flush=True)
    related = {s.name: rows[s.name] for s in SETTINGS if not s.unrelated}
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "torch", "ai-edge-litert", "av"))
    record = {
        "command": "python benchmarks/bench_faces.py",
        "machine": {
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "packages": packages,
        },
        "clips": {name: len(pool) for name, pool in pools.items()},
        "speed_ms": speeds(clips_of_others()[0]),
        "training_cpu_s": training_s,
        "parameters": networks["s1"].size,
        "seeds": [[7, number] for number in range(len(SETTINGS))],
        "settings": [asdict(setting) for setting in SETTINGS],
        "summary": summary,
        "separation": separation(rows),
        "reliability": {
            method: reliability({name: some[method] for name, some in related.items()})
            for method in ("hand-made", "learned")
        },
        "cases": {name: {m: [asdict(c) for c in cases] for m, cases in some.items()} for name, some in rows.items()},
    }
    print(table(record))
    if not quick:
        (HERE / "results" / "faces.json").write_text(json.dumps(without_nan(record), indent=1) + "\n")
        (HERE / "results" / "faces.md").write_text(table(record))


if __name__ == "__main__":
    main()
