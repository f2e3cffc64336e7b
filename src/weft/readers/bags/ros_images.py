"""Pictures of ROS and Foxglove messages as arrays, height by width by channels."""

from __future__ import annotations

import base64
import binascii
import io
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.readers.bags.ros_types import DecodingError

MAX_PIXELS = 2**28
"""268 megapixels: a larger picture is a lie of its header."""

_RAW = {
    "rgb8": ("u1", 3, ""),
    "bgr8": ("u1", 3, "bgr"),
    "rgba8": ("u1", 4, ""),
    "bgra8": ("u1", 4, "bgr"),
    "mono8": ("u1", 1, ""),
    "8UC1": ("u1", 1, ""),
    "8UC3": ("u1", 3, ""),
    "8UC4": ("u1", 4, ""),
    "mono16": ("u2", 1, ""),
    "16UC1": ("u2", 1, ""),
    "16SC1": ("i2", 1, ""),
    "rgb16": ("u2", 3, ""),
    "bgr16": ("u2", 3, "bgr"),
    "32FC1": ("f4", 1, ""),
    "32FC3": ("f4", 3, ""),
    "64FC1": ("f8", 1, ""),
    **{f"bayer_{order}8": ("u1", 1, "") for order in ("rggb", "bggr", "gbrg", "grbg")},
    **{f"bayer_{order}16": ("u2", 1, "") for order in ("rggb", "bggr", "gbrg", "grbg")},
    **{name: ("u1", 2, "") for name in ("uyvy", "yuyv", "yuv422", "yuv422_yuy2")},
}
"""Type, channels and order of each encoding (sensor_msgs/image_encodings.hpp); YUV and Bayer stay as they are."""


def knows_encoding(encoding: str) -> bool:
    """Whether a raw picture's encoding is known."""
    return encoding in _RAW


def raw_dtype(message: Any) -> np.dtype[Any]:
    """The type of a raw picture's values in this machine's byte order."""
    return np.dtype(_RAW[message.encoding][0])


def raw_shape(message: Any) -> tuple[int, ...]:
    """Height, width and channels of a raw picture."""
    return int(message.height), int(message.width), _RAW[message.encoding][1] if message.encoding in _RAW else 0


def raw_image(message: Any) -> NDArray[Any]:
    """A ``sensor_msgs/Image`` as an array (h, w, c); blue-first pictures come out red-first.

    Raises
    ------
    DecodingError
        If the data are shorter than the header says, or the encoding is unknown.
    """
    if message.encoding not in _RAW:
        raise DecodingError(f"the picture has the encoding {message.encoding!r}, which is unknown")
    code, channels, order = _RAW[message.encoding]
    dtype = np.dtype(code).newbyteorder(">" if message.is_bigendian else "<")
    height, width = int(message.height), int(message.width)
    data, row = np.asarray(message.data, dtype=np.uint8), width * channels * dtype.itemsize
    step = int(message.step) or row
    if step < row or data.size < step * height:
        raise DecodingError(
            f"a picture of {width} x {height} needs {max(step, row) * height} bytes, it has {data.size}"
        )
    rows = data[: step * height].reshape(height, step)[:, :row]
    image = np.ascontiguousarray(rows).view(dtype).reshape(height, width, channels).astype(np.dtype(code), copy=False)
    return image[..., [2, 1, 0, *range(3, channels)]] if order == "bgr" else image


def compressed_bytes(message: Any) -> bytes:
    """The encoded picture of a ``CompressedImage``, of ROS or (a dictionary, with bytes or base64) of Foxglove."""
    if isinstance(message, dict):
        if isinstance(message.get("data"), bytes):
            return bytes(message["data"])
        try:
            return base64.b64decode(message.get("data", ""), validate=True)
        except (binascii.Error, TypeError, ValueError) as error:
            raise DecodingError(f"the picture's data are no base64 ({error})") from error
    return np.asarray(message.data, dtype=np.uint8).tobytes()


def compressed_shape(message: Any) -> tuple[int, ...]:
    """Height, width and channels of an encoded picture, told from its header alone."""
    with _opened(message) as image:
        return image.height, image.width, 1 if image.mode in ("L", "1", "I;16") else 3


def compressed_image(message: Any) -> NDArray[Any]:
    """An encoded picture (JPEG, PNG, WebP, ...) as an array (h, w, c): grey has one channel, all else red, green, blue.

    Raises
    ------
    DecodingError
        If it cannot be decoded.
    """
    with _opened(message) as image:
        try:
            if image.mode == "I;16":
                return np.asarray(image)[..., None]
            if image.mode in ("L", "1"):
                return np.asarray(image.convert("L"))[..., None]
            return np.asarray(image.convert("RGB"))
        except (OSError, SyntaxError, ValueError) as error:
            raise DecodingError(f"the picture cannot be decoded ({error})") from error


def compressed_dtype(message: Any) -> np.dtype[Any]:
    """The type of an encoded picture's values."""
    with _opened(message) as image:
        return np.dtype(np.uint16 if image.mode == "I;16" else np.uint8)


def _opened(message: Any) -> Any:
    """An encoded picture with its header read, and no more pixels than we allow."""
    from PIL import Image, UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            image = Image.open(
                io.BytesIO(compressed_bytes(message)), formats=("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
            )
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise DecodingError(f"the picture cannot be recognised ({error})") from error
    if image.width * image.height > MAX_PIXELS:
        raise DecodingError(f"the picture declares {image.width} x {image.height} pixels")
    return image
