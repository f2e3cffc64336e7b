"""Message types of common drivers that older SQLite3 bags use without describing them.

Field lists are those of the packages' ``.msg`` files. They are used only where the bag
and the known distributions describe nothing, and only if they fit the topic's first
message to its last byte.
"""

from __future__ import annotations

_SEPARATOR = "=" * 80

_INNER = {
    "std_msgs/Header": "builtin_interfaces/Time stamp\nstring frame_id",
    "builtin_interfaces/Time": "int32 sec\nuint32 nanosec",
    "velodyne_msgs/VelodynePacket": "builtin_interfaces/Time stamp\nuint8[1206] data",
    "pandar_msgs/PandarPacket": "builtin_interfaces/Time stamp\nuint8[1500] data\nuint32 size",
    "nebula_msgs/NebulaPacket": "builtin_interfaces/Time stamp\nuint8[] data",
    "audio_common_msgs/AudioData": "uint8[] data",
}

_OUTER = {
    "velodyne_msgs/msg/VelodyneScan": "std_msgs/Header header\nvelodyne_msgs/VelodynePacket[] packets",
    "pandar_msgs/msg/PandarScan": "std_msgs/Header header\npandar_msgs/PandarPacket[] packets",
    "nebula_msgs/msg/NebulaPackets": "std_msgs/Header header\nnebula_msgs/NebulaPacket[] packets",
    "audio_common_msgs/msg/AudioData": "uint8[] data",
    "audio_common_msgs/msg/AudioDataStamped": "std_msgs/Header header\naudio_common_msgs/AudioData audio",
    "audio_common_msgs/msg/AudioInfo": (
        "uint8 channels\nuint32 sample_rate\nstring sample_format\nuint32 bitrate\nstring coding_format"
    ),
}


def definition_of(message_type: str) -> str:
    """The description of a driver's type with all that it is made of; empty for an unknown one."""
    text = _OUTER.get(message_type)
    if text is None:
        return ""
    needed, waiting = {}, [text]
    while waiting:
        for line in waiting.pop().splitlines():
            inner = line.split()[0].partition("[")[0]
            if inner in _INNER and inner not in needed:
                needed[inner] = _INNER[inner]
                waiting.append(_INNER[inner])
    return "\n".join([text, *(f"{_SEPARATOR}\nMSG: {name}\n{inner}" for name, inner in needed.items())])
