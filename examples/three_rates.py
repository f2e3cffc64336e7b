"""A film, a sound and a gaze recording of one occasion on one clock, with what really happened beside it.

python examples/three_rates.py [FOLDER] [--seconds 60] [--seed 0] [--pulses]

Writes the devices' files (kept where a folder is given), aligns them by what the devices both saw and
heard, and prints each clock's offset, its 95 % error, and how far it is from the truth.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import weft
from weft.testing.three_rates import make_three_rates, write_three_rates


def main() -> None:
    """Write, align, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pulses", action="store_true", help="a sync box beside the devices")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        truth = make_three_rates(options.seconds, seed=options.seed, pulses=options.pulses)
        write_three_rates(folder, truth, seed=options.seed)
        alignment = weft.align(weft.open_recording(folder), reference="mic")
    for entry in alignment.clocks:
        row = entry.to_json()
        if not row["segments"]:
            print(f"{row['clock']:5} {row['status']}: {row['note']}")
            continue
        segment = row["segments"][0]
        true_ms = 1e3 * truth.offset_s(row["clock"], "mic", segment["start_s"])
        print(
            f"{row['clock']:5} {row['status']}: offset {segment['offset_ms']:.1f} ms, truth {true_ms:.1f} ms, "
            f"95 % error {segment['error95_ms']:.1f} ms, by {', '.join(row['methods']) or 'itself'}"
        )


if __name__ == "__main__":
    main()
