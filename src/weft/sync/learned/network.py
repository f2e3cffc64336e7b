"""A network that turns a mouth and a voice into rows whose product says whether they belong together.

Two towers of two convolutions each, one for the mouth and one for the voice, give ``d`` numbers
for every 10 ms. The mouth's row at time ``t`` is a query, the voice's rows around it are the keys::

    mouth    ... q(t) ...                          attention of t over lags:
                  |  \\  \\                          softmax of q(t) . k(t + lag)
    voice    k(t-1) k(t) k(t+1) ...

The logarithms are added over a window, which gives a distribution over offsets on a grid of 10 ms,
and windows along straight lines of lag against time (``face.match``): the usual attention of two
modalities in coordinates of relative time, with one head and nothing carried over but *when*.

A last, logistic unit says from a window's scores whether the two can be synchronised at all.
Only numpy is needed here; ``learned.train`` needs torch.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core import Stream, UnreadableError
from weft.faces import FaceTrack
from weft.sync.face.method import FaceMethod
from weft.sync.face.signals import GRID_HZ, Rhythm
from weft.sync.learned.features import MOUTH_MEASURES, VOICE_BANDS, Features, mouth_features, voice_features

Float32Array = NDArray[np.float32]

METHOD = "learned"
FORMAT = "weft-sync-2"
"""Written into every file of weights; another means another layout."""
LAYERS = ("mouth_1", "mouth_2", "voice_1", "voice_2")
_LARGEST_FILE_BYTES = 20_000_000
_LARGEST_LAYER = 1_000_000
_EDGE = 10
"""Rows so near to a hole (100 ms) saw too little to count."""


@dataclass(frozen=True, eq=False)
class Network:
    """The weights of one network.

    Parameters
    ----------
    layers
        For each of ``LAYERS`` the kernels, float32 (out, in, width), width odd, and the biases, float32 (out).
    passing
        The weight of the hand-made rhythms, which pass by the towers as one more column.
    head
        What the last unit weighs a window's peak with, and its bias, float64 (2).
    about
        What it was trained on, for a person.
    """

    layers: Mapping[str, tuple[Float32Array, Float32Array]]
    passing: float = 0.0
    head: tuple[float, float] = (1.0, -4.0)
    about: str = ""

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return sum(kernel.size + bias.size for kernel, bias in self.layers.values()) + 3

    def queries(self, mouth: Float32Array) -> Float32Array:
        """The mouth's rows, float32 (n, d + 1), of features (n, measures + 1)."""
        return np.column_stack([self._tower("mouth", mouth[:, :-1]), self.passing * mouth[:, -1]])

    def keys(self, voice: Float32Array) -> Float32Array:
        """The voice's rows, float32 (n, d + 1), of features (n, bands + 1)."""
        return np.column_stack([self._tower("voice", voice[:, :-1]), voice[:, -1]])

    def method(self) -> FaceMethod:
        """This network as a way to compare faces with sounds."""
        return FaceMethod(METHOD, self._mouth, self._voice, self.synchronisable)

    def synchronisable(self, peaks: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probability that mouth and voice belong together, for windows of 5 s.

        ``peaks`` are the windows' scores at the lag in question, in standard deviations of wrong lags.
        """
        return np.asarray(1 / (1 + np.exp(-np.clip(self.head[0] * peaks + self.head[1], -60, 60))))

    def _tower(self, name: str, values: Float32Array) -> Float32Array:
        """Two convolutions with a rectifier between them."""
        hidden = np.maximum(convolved(values, *self.layers[f"{name}_1"]), 0)
        return convolved(hidden, *self.layers[f"{name}_2"])

    def _mouth(self, track: FaceTrack) -> Rhythm | None:
        """A face as queries."""
        features = mouth_features(track)
        return None if features is None else _rhythm(self.queries(features.values), features)

    def _voice(self, audio: Stream) -> Rhythm | None:
        """A sound as keys."""
        features = voice_features(audio)
        return None if features is None else _rhythm(self.keys(features.values), features)


def convolved(values: Float32Array, kernel: Float32Array, bias: Float32Array) -> Float32Array:
    """Rows (n, in) seen through kernels (out, in, width), as many rows as before, zeros beyond the ends."""
    half = kernel.shape[2] // 2
    padded = np.pad(values, ((half, half), (0, 0)))
    total = np.tile(bias, (len(values), 1))
    for shift in range(kernel.shape[2]):
        total += padded[shift : shift + len(values)] @ kernel[:, :, shift].T
    return total


def levelled(rows: Float32Array, known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Rows (n, d) about their mean over the second around them, 0 where nothing is known or a hole is near.

    What is slower than that are sentences and pauses, which at wrong lags fit by chance.
    """
    from scipy.ndimage import binary_erosion, uniform_filter1d

    sure = binary_erosion(known, iterations=_EDGE, border_value=0)[:, np.newaxis].astype(np.float64)
    share = uniform_filter1d(sure, GRID_HZ, axis=0, mode="constant")
    mean = uniform_filter1d(rows * sure, GRID_HZ, axis=0, mode="constant") / np.maximum(share, 1 / GRID_HZ)
    return np.asarray((rows - mean) * sure)


def _rhythm(rows: Float32Array, features: Features) -> Rhythm:
    """Rows as a rhythm."""
    return Rhythm(features.start_ns, levelled(rows, features.known), features.known)


def save_network(network: Network, path: Path) -> None:
    """Write the weights as ``.npz``, readable without pickle."""
    arrays: dict[str, Any] = {
        f"{name}_{part}": values for name in LAYERS for part, values in zip("wb", network.layers[name], strict=True)
    }
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            format=np.array(FORMAT),
            about=np.array(network.about),
            head=np.array([*network.head, network.passing]),
            **arrays,
        )


def load_network(path: Path) -> Network:
    """The network of a file that :func:`save_network` wrote; nothing in it is executed.

    Raises
    ------
    UnreadableError
        If it is no such file, too large, or its layers do not fit each other.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise UnreadableError(f"{path}: more than {_LARGEST_FILE_BYTES:,} bytes, too large for weights of weft")
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _LARGEST_FILE_BYTES:
                raise UnreadableError(f"{path}: unpacks to more than {_LARGEST_FILE_BYTES:,} bytes")
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
        network = _network(found)
    except FileNotFoundError as error:
        raise UnreadableError(f"{path}: there is no such file of weights") from error
    except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile) as error:
        raise UnreadableError(
            f"{path}: not a file of weights that weft train-sync wrote ({FORMAT}): {error}"
        ) from error
    return network


def _network(found: Mapping[str, NDArray[Any]]) -> Network:
    """The network of named arrays, checked."""
    if str(found["format"]) != FORMAT:
        raise ValueError(f"its format is {str(found['format'])[:40]!r}")
    layers = {}
    for name in LAYERS:
        kernel, bias = (np.asarray(found[f"{name}_{part}"], dtype=np.float32) for part in "wb")
        fits = kernel.ndim == 3 and kernel.shape[2] % 2 == 1 and bias.shape == kernel.shape[:1]
        if not fits or kernel.size > _LARGEST_LAYER or not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
            raise ValueError(f"layer {name} has kernels of shape {kernel.shape} and biases of shape {bias.shape}")
        layers[name] = (kernel, bias)
    sizes = [layers[name][0].shape[1] for name in LAYERS] + [layers[name][0].shape[0] for name in LAYERS]
    mouth, hidden, voice, heard, *outs = sizes
    if (mouth, voice) != (len(MOUTH_MEASURES), VOICE_BANDS) or outs != [hidden, outs[1], heard, outs[1]]:
        raise ValueError("its layers do not fit each other")
    slope, shift, passing = (float(one) for one in found["head"])
    if not np.isfinite([slope, shift, passing]).all():
        raise ValueError("its last unit holds no numbers")
    return Network(layers, passing, (slope, shift), str(found["about"])[:1000])
