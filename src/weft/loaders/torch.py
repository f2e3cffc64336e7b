"""Windows and capsules as tensors, with masks for what is missing.

One sample::

    {"recording": "session-7", "start_ns": ..., "stop_ns": ...,
     "streams": {"audio": {"values": (n, ...), "times_ns": (n,), "valid": (n,) bool,
                           "error95_ms": 3.2, "reason": "", "synthetic": False}, ...},
     "capsule": Capsule or absent}

Nothing is opened before a sample is asked for, and then in the process that asks, so a
loader's workers may be forked or spawned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from weft.core import Capsule, MissingExtraError, Slice, UsageError

if TYPE_CHECKING:
    from weft.dataset.capsules import Capsules
    from weft.dataset.dataset import Dataset
    from weft.dataset.windows import Windows

Sample = dict[str, Any]

_WIDER = {"uint16": np.int32, "uint32": np.int64, "uint64": np.int64}
"""What torch has no full support for, and the next type that holds every value."""


def to_torch(dataset: Dataset, kind: Literal["windows", "capsules"] = "windows", **options: Any) -> Any:
    """A map-style ``torch.utils.data.Dataset`` of a weft dataset.

    Parameters
    ----------
    dataset
        What ``weft.open_dataset`` gave.
    kind
        ``"windows"`` for windows of equal length, ``"capsules"`` for one sample per capsule.
    **options
        Those of ``dataset.windows`` or of ``dataset.capsule_windows``.

    Returns
    -------
    torch.utils.data.Dataset
        Of samples as in the module's description; pass :func:`collate` to the loader.

    Raises
    ------
    MissingExtraError
        If torch is not installed.
    UsageError
        If ``kind`` is neither.

    Examples
    --------
    >>> samples = to_torch(dataset, length_s=2.0, streams=["audio"])         # doctest: +SKIP
    >>> loader = DataLoader(samples, batch_size=8, collate_fn=collate)       # doctest: +SKIP
    """
    if kind not in ("windows", "capsules"):
        raise UsageError(f'kind is "windows" or "capsules", found {kind!r}')
    if kind == "windows":
        return _map_style()(dataset.windows(**options), None)
    return _map_style()(dataset.capsule_windows(**options), dataset.capsules(options.get("where")))


def collate(samples: Sequence[Sample]) -> dict[str, Any]:
    """Samples of unequal length as one batch, padded with zeros and masked.

    Returns
    -------
    dict
        ``recording`` and ``capsule`` as lists, ``start_ns`` and ``stop_ns`` as int64 (b), and
        for each stream that any sample has: ``values`` (b, n, ...), ``times_ns`` int64 (b, n),
        ``valid`` bool (b, n), ``present`` bool (b), ``error95_ms`` (b), ``synthetic`` bool (b)
        and ``reason`` as a list. A sample without the stream has a mask that is false
        throughout and the reason ``"absent"``. Texts stay lists of arrays.

    Raises
    ------
    UsageError
        If values of one stream have different shapes (frames of several sizes).
    """
    torch = _torch()
    names = list(dict.fromkeys(name for sample in samples for name in sample["streams"]))
    batch: dict[str, Any] = {
        "recording": [sample["recording"] for sample in samples],
        "start_ns": torch.tensor([sample["start_ns"] for sample in samples], dtype=torch.int64),
        "stop_ns": torch.tensor([sample["stop_ns"] for sample in samples], dtype=torch.int64),
        "streams": {name: _stack(name, [sample["streams"].get(name) for sample in samples]) for name in names},
    }
    if any("capsule" in sample for sample in samples):
        batch["capsule"] = [sample.get("capsule") for sample in samples]
    return batch


def _stack(name: str, parts: Sequence[Mapping[str, Any] | None]) -> dict[str, Any]:
    """One stream's parts of a batch, one under another."""
    torch = _torch()
    longest = max(len(part["valid"]) for part in parts if part is not None)
    valid = torch.zeros((len(parts), longest), dtype=torch.bool)
    times_ns = torch.zeros((len(parts), longest), dtype=torch.int64)
    for row, part in enumerate(parts):
        if part is not None:
            valid[row, : len(part["valid"])] = part["valid"]
            times_ns[row, : len(part["times_ns"])] = part["times_ns"]
    return {
        "values": _stack_values(name, parts, longest),
        "times_ns": times_ns,
        "valid": valid,
        "present": valid.any(dim=1),
        "error95_ms": torch.tensor([part["error95_ms"] if part else float("nan") for part in parts]),
        "synthetic": torch.tensor([bool(part and part["synthetic"]) for part in parts]),
        "reason": [part["reason"] if part else "absent" for part in parts],
    }


def _stack_values(name: str, parts: Sequence[Mapping[str, Any] | None], longest: int) -> Any:
    """The values of one stream, padded with zeros."""
    torch = _torch()
    given = [part["values"] for part in parts if part is not None]
    if not all(isinstance(values, torch.Tensor) for values in given):
        return [part["values"] if part else np.empty(0, dtype=object) for part in parts]
    shapes = sorted({tuple(values.shape[1:]) for values in given if len(values)}) or [tuple(given[0].shape[1:])]
    if len(shapes) > 1:
        raise UsageError(f"stream {name!r} has samples of shapes {shapes}; batch recordings of one shape together")
    stacked = torch.zeros((len(parts), longest, *shapes[0]), dtype=given[0].dtype)
    for row, part in enumerate(parts):
        if part is not None and len(part["values"]):
            stacked[row, : len(part["values"])] = part["values"]
    return stacked


def _sample(windows: Windows, capsules: Capsules | None, index: int) -> Sample:
    """One window, and its capsule if it is one's."""
    place, window = windows.places[index], windows[index]
    names = windows.selections[place.recording].names
    sample: Sample = {
        "recording": place.recording,
        "start_ns": place.interval.start_ns,
        "stop_ns": place.interval.stop_ns,
        "streams": {name: _part(window[stream]) for name, stream in names.items()},
    }
    if capsules is not None and place.capsule is not None:
        capsule: Capsule = capsules[place.capsule]
        sample["capsule"] = capsule
    return sample


def _part(piece: Slice) -> dict[str, Any]:
    """One stream's part of a sample."""
    torch = _torch()
    return {
        "values": _tensor(piece.values),
        "times_ns": torch.from_numpy(np.array(piece.times_ns, dtype=np.int64)),
        "valid": torch.from_numpy(np.array(piece.valid, dtype=bool)),
        "error95_ms": piece.error95_ns / 1e6,
        "reason": piece.reason,
        "synthetic": piece.synthetic,
    }


def _tensor(values: NDArray[Any]) -> Any:
    """A tensor with its own memory; text stays an array."""
    if values.dtype.kind not in "biuf":
        return values
    return _torch().from_numpy(np.array(values, dtype=_WIDER.get(values.dtype.name, values.dtype), order="C"))


@lru_cache(maxsize=1)
def _map_style() -> Any:
    """The class of our torch datasets; made when it is first needed, since torch is an extra."""

    class MapStyle(_torch().utils.data.Dataset):  # type: ignore[misc]
        """Samples by number."""

        def __init__(self, windows: Windows, capsules: Capsules | None) -> None:
            self.windows = windows
            self.capsules = capsules

        def __len__(self) -> int:
            return len(self.windows)

        def __getitem__(self, index: int) -> Sample:
            return _sample(self.windows, self.capsules, index)

        def __reduce__(self) -> Any:
            return _rebuilt, (self.windows, self.capsules)

    return MapStyle


def _rebuilt(windows: Windows, capsules: Capsules | None) -> Any:
    """What a pickle of our torch dataset becomes."""
    return _map_style()(windows, capsules)


def _torch() -> Any:
    """The package torch."""
    try:
        import torch
        import torch.utils.data
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("torch", "torch", "loading a dataset as tensors") from error
    return torch
