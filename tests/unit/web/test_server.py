"""The server of the page: who is let in, what is given out, and what is refused in plain words."""

from __future__ import annotations

import json
import threading
import wave
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection, HTTPResponse
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from weft.core import Modality, Recording, UsageError
from weft.readers.corrections import CORRECTIONS_NAME
from weft.testing.sessions import kitchen_session
from weft.web.outline import Outline
from weft.web.server import CorrectionServer
from weft.web.session import Session
from weft.web.wav_view import WavView, asked_range

SECOND = 1_000_000_000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[CorrectionServer]:
    """A made-up session on a free port."""
    recording, alignment, _ = kitchen_session()
    with CorrectionServer(Session(recording, alignment, tmp_path / CORRECTIONS_NAME)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def asked(
    server: CorrectionServer, path: str, *, body: object = None, headers: dict[str, str] | None = None
) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    sent = {"Content-Type": "application/json"} if body is not None else {}
    content = json.dumps(body) if body is not None else None
    connection.request("POST" if body is not None else "GET", path, content, {**sent, **(headers or {})})
    answer = connection.getresponse()
    content_back = answer.read()
    connection.close()
    return answer, content_back


def below(server: CorrectionServer, name: str) -> str:
    return f"/{server.secret}/{name}"


def number_of(recording: Recording, name: str) -> int:
    return [stream.name for stream in recording.streams].index(name)


def test_it_listens_to_this_machine_only(server: CorrectionServer) -> None:
    assert server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {}),
        ("/wrong/state", {}),
        ("{secret}", {"Host": "evil.example:80"}),
        ("{secret}", {"Origin": "http://evil.example"}),
        ("{secret}", {"Origin": "null"}),
    ],
    ids=["no secret", "wrong secret", "rebound name", "foreign page", "sandboxed page"],
)
def test_strangers_are_refused(server: CorrectionServer, path: str, headers: dict[str, str]) -> None:
    answer, content = asked(server, path.replace("{secret}", below(server, "state")), headers=headers)
    assert answer.status == 403
    assert b"kitchen" not in content


def test_the_page_may_run_nothing_but_its_own_files(server: CorrectionServer) -> None:
    answer, page = asked(server, below(server, ""))
    policy = answer.getheader("Content-Security-Policy") or ""
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert b"onclick" not in page
    files = ["page.css", "page.js", "drawing.js", "listening.js"]
    sizes = {name: len(asked(server, below(server, name))[1]) for name in files}
    assert sum(size for name, size in sizes.items() if name.endswith(".js")) < 60_000


@pytest.mark.parametrize("name", ["../session.py", "%2e%2e/server.py", "page.py", "outline/x", "sound/-1"])
def test_nothing_else_is_given_out(server: CorrectionServer, name: str) -> None:
    assert asked(server, below(server, name))[0].status == 404


@pytest.mark.parametrize(
    "name", ["outline/0", "outline/99?start=0&stop=1&count=5", "outline/0?start=nan&stop=1&count=5", "frame/0?at=inf"]
)
def test_questions_that_make_no_sense_get_a_word(server: CorrectionServer, name: str) -> None:
    answer, content = asked(server, below(server, name))
    assert answer.status == 400
    assert content


def test_the_state_counts_from_each_clocks_first_sample(server: CorrectionServer) -> None:
    state = json.loads(asked(server, below(server, "state"))[1])
    assert state["reference"] == "mic"
    clocks = {clock["name"]: clock for clock in state["clocks"]}
    assert len(clocks["eye"]["pieces"]) == 2
    assert clocks["door-cam"]["pieces"] == []
    assert all(stream["start_s"] >= 0 for stream in state["streams"])


def test_a_marked_pair_is_saved_and_taken_back(server: CorrectionServer) -> None:
    recording = server.session.recording
    streams = [number_of(recording, "cam/video"), number_of(recording, "mic/audio")]
    marked = {"clock": "cam", "reference": "mic", "clock_s": 4.0, "reference_s": 6.8125, "second_per_px": 0.002}
    answer, content = asked(server, below(server, "save"), body={"pairs": [{**marked, "streams": streams}]})
    (pair,) = json.loads(content)["pairs"]
    assert (answer.status, pair["clock_s"], pair["reference_s"]) == (200, 4.0, 6.8125)
    rate_hz = recording.stream("cam/video").effective_rate_hz
    assert pair["sd_ms"] == pytest.approx(np.sqrt(2 * 3.0**2 + (1e3 / rate_hz) ** 2 / 12), rel=0.01)
    line = json.loads(server.session.corrections.path.read_text())
    assert line["t_reference_ns"] == recording.stream("mic/audio").timeline.first_ns + 6_812_500_000
    _, content = asked(server, below(server, "undo"), body={"id": pair["id"]})
    assert json.loads(content) == {"pairs": []}


@pytest.mark.parametrize(
    ("name", "body", "headers"),
    [
        ("save", {"pairs": [{"clock": "cam"}]}, {}),
        ("save", {"pairs": "none"}, {}),
        ("save", [1], {}),
        ("save", {"pairs": []}, {"Content-Type": "text/plain"}),
        ("undo", {"id": "nobody"}, {}),
    ],
    ids=["half a pair", "no list", "no object", "no JSON", "unknown"],
)
def test_nothing_is_saved_of_what_cannot_be(
    server: CorrectionServer, name: str, body: object, headers: dict[str, str]
) -> None:
    answer, content = asked(server, below(server, name), body=body, headers=headers)
    assert answer.status == 400
    assert content.startswith(b"nothing was saved: ")
    assert not server.session.corrections.path.exists()


def test_a_range_of_sound_is_what_the_whole_holds(server: CorrectionServer) -> None:
    number = number_of(server.session.recording, "mic/audio")
    whole = asked(server, below(server, f"sound/{number}"))
    part = asked(server, below(server, f"sound/{number}"), headers={"Range": "bytes=31-20000"})
    assert (whole[0].status, part[0].status) == (206, 206)
    assert part[1] == whole[1][31:20001]
    assert part[0].getheader("Content-Range") == f"bytes 31-20000/{WavView(server.session.outline(number)).size}"


def test_the_sound_is_a_wav_file() -> None:
    recording, _, _ = kitchen_session()
    stream = recording.stream("mic/audio")
    view = WavView(Outline(stream))
    with wave.open(BytesIO(view.read(0, view.size))) as file:
        assert (file.getframerate(), file.getnframes()) == (round(stream.effective_rate_hz), len(stream))


@pytest.mark.parametrize("header", ["bytes=", "bytes=-", "lines=0-1", "bytes=5000-", "bytes=9-3"])
def test_a_range_that_cannot_be_is_refused(header: str) -> None:
    with pytest.raises(UsageError, match="range"):
        asked_range(header, 1000)


def test_a_frame_is_the_one_that_is_shown_then() -> None:
    recording, _, _ = kitchen_session()
    outline = Outline(recording.stream("cam/video"))
    first_ns = outline.stream.timeline.first_ns
    assert outline.frame(first_ns).startswith(b"\xff\xd8")
    assert outline.frame(first_ns - 1) is None
    assert outline.frame(int(outline.stream.timestamps_ns[5]) + 1) == outline.frame(
        int(outline.stream.timestamps_ns[5])
    )


def test_an_outline_shows_peaks_where_they_are_near_and_far() -> None:
    recording, _, _ = kitchen_session()
    stream = recording.stream("mic/audio")
    outline = Outline(stream)
    start_ns = stream.timeline.first_ns
    near = outline.parts(start_ns, start_ns + 20 * SECOND, 200)
    far = outline.parts(start_ns, start_ns + 60 * SECOND, 600)
    assert len(near["low"]) == 200
    high = np.array(near["high"]), np.array(far["high"][:200])
    assert np.corrcoef(*high)[0, 1] > 0.98
    assert outline.parts(start_ns - 5 * SECOND, start_ns, 5)["low"] == [None] * 5


def test_numbers_lie_around_their_middle_and_events_are_instants() -> None:
    recording, _, _ = kitchen_session()
    gaze = recording.stream("eye/gaze")
    shown = Outline(gaze).parts(gaze.timeline.first_ns, gaze.timeline.last_ns, 50)
    values = [value for value in shown["low"] + shown["high"] if value is not None]
    assert min(values) < 0 < max(values)
    words = replace(gaze, modality=Modality.VIDEO)
    assert Outline(words).kind == "numbers"
    video = recording.stream("cam/video")
    instants = Outline(video).parts(video.timeline.first_ns, video.timeline.first_ns + SECOND, 100)["instants"]
    assert instants[0] == 0.0
