"""The readers, in the order in which they are asked: the more particular before the more general."""

from __future__ import annotations

from weft.readers.begaze import BeGazeReader
from weft.readers.biopac import BiopacReader
from weft.readers.elan import ElanReader
from weft.readers.empatica import EmpaticaReader
from weft.readers.eyelink import EyeLinkReader
from weft.readers.face_tables import FaceTableReader
from weft.readers.gopro import GoproReader
from weft.readers.grid_align import GridAlignReader
from weft.readers.jams import JamsReader
from weft.readers.mcap import McapReader
from weft.readers.media import MediaReader
from weft.readers.protocol import Probe, Reader
from weft.readers.pupil_export import PupilExportReader
from weft.readers.pupil_neon import NeonReader
from weft.readers.rosbag import RosbagReader
from weft.readers.sensor_log import SensorLogReader
from weft.readers.subtitles import SubtitleReader
from weft.readers.tables import TableReader
from weft.readers.textgrid import TextGridReader
from weft.readers.tobii_export import TobiiExportReader
from weft.readers.tobii_glasses import TobiiGlassesReader
from weft.readers.transcripts import TranscriptReader
from weft.readers.xdf import XdfReader

READERS: dict[str, Reader] = {
    reader.name: reader
    for reader in (
        XdfReader(),
        RosbagReader(),
        McapReader(),
        NeonReader(),
        PupilExportReader(),
        EmpaticaReader(),
        TobiiGlassesReader(),
        TobiiExportReader(),
        EyeLinkReader(),
        BeGazeReader(),
        BiopacReader(),
        FaceTableReader(),
        SensorLogReader(),
        ElanReader(),
        TextGridReader(),
        JamsReader(),
        SubtitleReader(),
        GridAlignReader(),
        TranscriptReader(),
        GoproReader(),
        MediaReader(),
        TableReader(),
    )
}
"""By name. A reader of your own is asked first when you put it in front of these."""


def reader_for(probe: Probe) -> Reader | None:
    """The first reader that recognises a file or folder, or ``None``."""
    for reader in READERS.values():
        if reader.recognises(probe):
            return reader
    return None
