"""Which container a file is, judged by its first bytes.

The decoder library is always told which container to expect. Left to guess, it would
take a text file for a playlist and open whatever that names.
"""

from __future__ import annotations

from pathlib import Path

from weft.readers.protocol import Probe

_VIDEO = ".mp4 .m4v .mov .qt .3gp .mkv .webm .avi .wmv .asf .mpg .mpeg .vob .ts .mts .m2ts .ogv .flv"
_SOUND = ".wav .wave .rf64 .w64 .aif .aiff .caf .flac .mp3 .mp2 .m4a .mka .wma .ogg .oga .opus .aac"
MEDIA_SUFFIXES = frozenset(f"{_VIDEO} {_SOUND}".split(" "))
"""Names that promise sound or pictures; such a file is claimed even when its content is something else."""

_ASF = bytes.fromhex("3026b2758e66cf11")
_WAVE64 = b"riff\x2e\x91\xcf\x11"
_MOV_FIRST_BOXES = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"moof", b"styp"})
_STILL_IMAGE_BRANDS = frozenset({b"heic", b"heix", b"heif", b"mif1", b"msf1", b"avif", b"avis"})
_TS_PACKETS = ((188, 0), (192, 4), (204, 0))
"""Length of a transport packet, and where its sync byte lies."""


def container_of(head: bytes) -> str:
    """The demuxer for content that starts with ``head``; empty when it is no known container.

    Examples
    --------
    >>> container_of(b"RIFF....WAVEfmt "), container_of(b"one line of text")
    ('wav', '')
    """
    if head[4:8] == b"ftyp":
        return "" if head[8:12] in _STILL_IMAGE_BRANDS else "mov"
    if head[:4] in (b"RIFF", b"RF64", b"BW64"):
        return {b"WAVE": "wav", b"AVI ": "avi", b"AVIX": "avi"}.get(head[8:12], "")
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    for magic, name in _MAGICS:
        if head.startswith(magic):
            return name
    if head[4:8] in _MOV_FIRST_BOXES and head[0] == 0:
        return "mov"
    if _is_transport_stream(head):
        return "mpegts"
    return _elementary_audio(head)


_MAGICS = (
    (b"\x1aE\xdf\xa3", "matroska"),
    (b"OggS", "ogg"),
    (b"fLaC", "flac"),
    (b"ID3", "mp3"),
    (_ASF, "asf"),
    (_WAVE64, "w64"),
    (b"\x00\x00\x01\xba", "mpeg"),
    (b"FLV\x01", "flv"),
    (b"caff\x00\x01", "caf"),
)


def container_at(path: Path, head: bytes, suffix: str) -> str:
    """The demuxer of the file at ``path``; looks past an ID3 tag and past junk before the first frame.

    Parameters
    ----------
    path
        The file; read only where its head does not decide.
    head
        Its first bytes.
    suffix
        Its suffix in lower case: decides between MP3 and raw AAC where both fit.
    """
    found = container_of(head)
    if found == "mp3" and head.startswith(b"ID3"):
        return _behind_tag(path, head)
    if not found and suffix in (".mp3", ".mp2", ".aac"):
        return _elementary_audio_within(head)
    return found


def claims(probe: Probe) -> bool:
    """Whether the media reader takes the file: its content is a container, or its name promises one."""
    if probe.is_folder:
        return False
    return bool(container_of(probe.head)) or probe.suffix in MEDIA_SUFFIXES


def _is_transport_stream(head: bytes) -> bool:
    """Whether sync bytes recur at the distance of transport packets."""
    for length, at in _TS_PACKETS:
        marks = head[at::length]
        if len(marks) >= 3 and set(marks[:8]) == {0x47}:
            return True
    return False


def _elementary_audio(head: bytes, at: int = 0) -> str:
    """``"mp3"`` or ``"aac"`` when two frames in a row start at ``at``; else empty."""
    for name, frame_length in (("aac", _adts_length), ("mp3", _mpeg_audio_length)):
        length = frame_length(head[at : at + 8])
        if length and frame_length(head[at + length : at + length + 8]):
            return name
    return ""


def _elementary_audio_within(head: bytes) -> str:
    """As :func:`_elementary_audio`, at the first place in ``head`` where it holds."""
    at = head.find(b"\xff")
    while at >= 0:
        found = _elementary_audio(head, at)
        if found:
            return found
        at = head.find(b"\xff", at + 1)
    return ""


def _behind_tag(path: Path, head: bytes) -> str:
    """What follows an ID3 tag, whose length is four groups of seven bits."""
    if len(head) < 10:
        return "mp3"
    size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    with path.open("rb") as file:
        file.seek(10 + size)
        behind = file.read(8192)
    if behind.startswith(b"fLaC"):
        return "flac"
    return _elementary_audio(behind) or "mp3"


def _adts_length(header: bytes) -> int:
    """Bytes of the ADTS frame that starts here, 0 when none does (ISO/IEC 13818-7, 6.2)."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0 or (header[2] >> 2) & 0xF > 12:
        return 0
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return length if length > 7 else 0


_KBPS = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates by (version, layer), index 1 first (ISO/IEC 11172-3 and 13818-3)."""


def _mpeg_audio_length(header: bytes) -> int:
    """Bytes of the MPEG audio frame that starts here, 0 when none does (ISO/IEC 11172-3, 2.4.1.3)."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer, rate, hz = (header[1] >> 3) & 3, 4 - ((header[1] >> 1) & 3), header[2] >> 4, (header[2] >> 2) & 3
    if version == 1 or layer == 4 or rate in (0, 15) or hz == 3:
        return 0
    first = version == 3
    bits = _KBPS[1 if first else 2, layer][rate - 1] * 1000
    sample_rate = (44_100, 48_000, 32_000)[hz] // {3: 1, 2: 2, 0: 4}[version]
    padding = (header[2] >> 1) & 1
    if layer == 1:
        return (12 * bits // sample_rate + padding) * 4
    return (144 if first or layer == 2 else 72) * bits // sample_rate + padding
