"""Numbers, times and states as a reader meets them: few digits, always with their unit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from weft.core import NS_PER_MS, NS_PER_S, Clock, Epoch, Status

STATUS_WORDS = {Status.ALIGNED: "aligned", Status.WEAK: "weak", Status.NOT_ALIGNED: "not aligned"}
STATUS_MARKS = {Status.ALIGNED: "✓", Status.WEAK: "~", Status.NOT_ALIGNED: "✕"}

REASON_WORDS = {
    "": "",
    "gap": "gap in the recording",
    "ended": "not recording then",
    "not_aligned": "clock not known",
    "weak": "weak clock",
}


def in_ms(value_ms: float | None) -> str:
    """Milliseconds with the digits that matter; a dash where there are none.

    Examples
    --------
    >>> in_ms(0.0123), in_ms(3.25), in_ms(-812.4), in_ms(8_900_123.4), in_ms(None)
    ('0.012 ms', '3.25 ms', '−812.4 ms', '8,900,123.4 ms', '–')
    """
    if value_ms is None:
        return "–"
    size = abs(value_ms)
    digits = 3 if size < 1 else 2 if size < 10 else 1
    return f"{value_ms:,.{digits}f} ms".replace("-", "−")


def in_ppm(value_ppm: float | None) -> str:
    """Parts per million; a dash where there are none.

    Examples
    --------
    >>> in_ppm(-23.14), in_ppm(None)
    ('−23.1 ppm', '–')
    """
    return "–" if value_ppm is None else f"{round(value_ppm, 1) + 0.0:.1f} ppm".replace("-", "−")


def in_hz(value_hz: float | None) -> str:
    """A rate; a dash where there is none.

    Examples
    --------
    >>> in_hz(48000.0), in_hz(29.97003), in_hz(0.5), in_hz(None)
    ('48,000 Hz', '29.97 Hz', '0.5 Hz', '–')
    """
    if value_hz is None:
        return "–"
    text = f"{value_hz:,.3f}" if value_hz < 1000 else f"{value_hz:,.1f}"
    return f"{text.rstrip('0').rstrip('.')} Hz"


def lasting(duration_ns: int) -> str:
    """A duration in the unit that suits it.

    Examples
    --------
    >>> lasting(40_000_000), lasting(12_340_000_000), lasting(125_000_000_000), lasting(7_500_000_000_000)
    ('40 ms', '12.3 s', '2 min 05 s', '2 h 05 min')
    """
    seconds = duration_ns / NS_PER_S
    if seconds < 1:
        return f"{duration_ns / NS_PER_MS:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def moment(clock: Clock, t_reference_ns: int, origin_ns: int) -> str:
    """A time of the reference clock, since ``origin_ns``.

    Examples
    --------
    >>> moment(Clock("mic"), 75_500_000_000, 0)
    '1:15.5'
    """
    seconds = (t_reference_ns - origin_ns) / NS_PER_S
    sign, seconds = ("−", -seconds) if seconds < 0 else ("", seconds)
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{sign}{int(minutes)}:{rest:04.1f}"


def origin_words(clock: Clock, origin_ns: int) -> str:
    """What the zero of the shown times is.

    Examples
    --------
    >>> origin_words(Clock("mic"), 0)
    'minutes:seconds of clock mic'
    """
    if clock.epoch is Epoch.UNIX and origin_ns:
        start = datetime.fromtimestamp(origin_ns // NS_PER_S, tz=UTC)
        return f"minutes:seconds since {start:%Y-%m-%d %H:%M:%S} UTC by clock {clock.name}"
    if origin_ns:
        return f"minutes:seconds since {origin_ns / NS_PER_S:,.0f} s of clock {clock.name}"
    return f"minutes:seconds of clock {clock.name}"


def in_bytes(size: int) -> str:
    """A file's size.

    Examples
    --------
    >>> in_bytes(512), in_bytes(3_400_000)
    ('512 B', '3.4 MB')
    """
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} B"


def value_words(value: Any) -> str:
    """An annotation's value in a line: named numbers as ``name 1.2``, lists joined.

    Examples
    --------
    >>> value_words({"pitch_median_hz": 211.234, "words_per_s": None, "level_dbfs": {"p10": -52.0, "p50": -48.25}})
    'pitch median 211 Hz · level p10 −52 dBFS, p50 −48.2 dBFS'
    """
    if isinstance(value, dict):
        return " · ".join(_named(str(key), item) for key, item in value.items() if item is not None and item != "")
    if isinstance(value, (list, tuple)):
        return ", ".join(value_words(item) for item in value[:12])
    return _number(value)


_UNITS = {
    "hz": "Hz", "s": "s", "ms": "ms", "st": "semitones", "db": "dB", "dbfs": "dBFS",
    "px": "px", "deg": "°", "rad": "rad",
}  # fmt: skip


def _named(name: str, item: Any) -> str:
    """One named part with its unit, which ends its name."""
    words = name.split("_")
    unit = ""
    if len(words) > 2 and words[-2] == "per":
        rest, unit = words[:-3], f" {_UNITS.get(words[-3], words[-3])}/{words[-1]}"
        words, unit = (rest, unit) if rest else (words[-3:-2], f" per {words[-1]}")
    elif len(words) > 1 and words[-1] in _UNITS:
        unit, words = f" {_UNITS[words[-1]]}", words[:-1]
    label = " ".join(words)
    if isinstance(item, dict):
        return f"{label} " + ", ".join(f"{key} {_number(part)}{unit}" for key, part in item.items() if part is not None)
    return f"{label} {_number(item)}{unit}"


def _number(value: Any) -> str:
    """A number with the three digits that can be meant, or the text."""
    if isinstance(value, float):
        text = f"{value:.3g}" if abs(value) < 999.5 else f"{value:,.0f}"
        return text.replace("-", "−")
    return str(value).replace("-", "−") if isinstance(value, int) else str(value)
