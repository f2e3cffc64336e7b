"""Point clouds and laser scans as arrays, a row for each point."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.readers.bags.ros_types import DecodingError

_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 8: "f8"}
"""sensor_msgs/PointField's datatypes."""


def cloud_channels(message: Any) -> tuple[str, ...]:
    """The columns of a ``PointCloud2``: its fields, numbered where one holds several values."""
    return tuple(
        name
        for field in message.fields
        for name in ([field.name] if field.count <= 1 else [f"{field.name}[{i}]" for i in range(field.count)])
    )


def cloud_points(message: Any) -> NDArray[Any]:
    """A ``PointCloud2`` as an array (points, fields).

    float32, or float64 where a field needs it (stamps, 64-bit coordinates).

    Raises
    ------
    DecodingError
        If a field lies outside its point, or the data are shorter than the header says.
    """
    order = ">" if message.is_bigendian else "<"
    step, rows, columns = int(message.point_step), int(message.height), int(message.width)
    data = np.asarray(message.data, dtype=np.uint8)
    row_step = int(message.row_step) or step * columns
    if rows * columns and (row_step < step * columns or data.size < row_step * rows):
        raise DecodingError(f"a cloud of {rows} x {columns} points of {step} bytes does not fit {data.size} bytes")
    names, formats, offsets = [], [], []
    for number, field in enumerate(message.fields):
        count = max(1, int(field.count))
        code = _TYPES.get(int(field.datatype))
        if code is None or field.offset + count * np.dtype(code).itemsize > step:
            raise DecodingError(f"field {field.name!r} of the cloud lies outside its point of {step} bytes")
        names.append(str(number))
        formats.append(np.dtype((order + code, (count,))))
        offsets.append(int(field.offset))
    if not names or not rows * columns:
        return np.zeros((0, len(cloud_channels(message))), dtype=np.float32)
    point = np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": step})
    packed = np.ascontiguousarray(data[: row_step * rows].reshape(rows, row_step)[:, : step * columns])
    points = packed.reshape(-1).view(point)
    wide = any(field.datatype in (5, 6, 8) for field in message.fields)
    dtype = np.float64 if wide else np.float32
    return np.concatenate([points[name].reshape(rows * columns, -1).astype(dtype) for name in names], axis=1)


def scan_points(message: Any) -> NDArray[Any]:
    """A ``LaserScan`` as an array (beams, 3): angle in rad, range in m, intensity (NaN where it has none)."""
    ranges = np.asarray(message.ranges, dtype=np.float32)
    intensities = np.asarray(message.intensities, dtype=np.float32)
    if intensities.size != ranges.size:
        intensities = np.full(ranges.size, np.nan, dtype=np.float32)
    angles = message.angle_min + message.angle_increment * np.arange(ranges.size)
    return np.stack([angles.astype(np.float32), ranges, intensities], axis=1)
