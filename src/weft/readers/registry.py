"""The readers, in the order in which they are asked: the more particular before the more general."""

from __future__ import annotations

from weft.readers.annotations.elan import ElanReader
from weft.readers.annotations.grid_align import GridAlignReader
from weft.readers.annotations.jams import JamsReader
from weft.readers.annotations.subtitles import SubtitleReader
from weft.readers.annotations.textgrid import TextGridReader
from weft.readers.annotations.transcripts import TranscriptReader
from weft.readers.bags.mcap import McapReader
from weft.readers.bags.rosbag import RosbagReader
from weft.readers.clock_logs.linuxptp import LinuxptpReader
from weft.readers.clock_logs.ntp import NtpReader
from weft.readers.clock_logs.ptp_table import PtpTableReader
from weft.readers.corrections import CorrectionsReader
from weft.readers.devices.begaze import BeGazeReader
from weft.readers.devices.biopac import BiopacReader
from weft.readers.devices.empatica import EmpaticaReader
from weft.readers.devices.eyelink import EyeLinkReader
from weft.readers.devices.face_tables import FaceTableReader
from weft.readers.devices.pupil_export import PupilExportReader
from weft.readers.devices.pupil_neon import NeonReader
from weft.readers.devices.sensor_log import SensorLogReader
from weft.readers.devices.tobii_export import TobiiExportReader
from weft.readers.devices.tobii_glasses import TobiiGlassesReader
from weft.readers.media.gopro import GoproReader
from weft.readers.media.reader import MediaReader
from weft.readers.protocol import Probe, Reader
from weft.readers.tables.reader import TableReader
from weft.readers.xdf.reader import XdfReader

READERS: dict[str, Reader] = {
    reader.name: reader
    for reader in (
        CorrectionsReader(),
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
        PtpTableReader(),
        LinuxptpReader(),
        NtpReader(),
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
