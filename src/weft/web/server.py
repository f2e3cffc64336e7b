"""The page of corrections over HTTP, on this machine only: loopback, a secret in the address, nothing from elsewhere.

Everything lies below ``/<secret>/``; a request without it, with another host's name (a page that rebinds
its name to this machine), or from another origin is refused. The page may load and run nothing but its own files.
"""

from __future__ import annotations

import json
import re
import secrets
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, urlsplit

from weft.core import WeftError
from weft.web.session import Session
from weft.web.wav_view import MOST_BYTES, WavView, asked_range

LOOPBACK = "127.0.0.1"
MOST_BODY_BYTES = 1 << 20
_FILES = {
    "": ("page.html", "text/html; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
    "drawing.js": ("drawing.js", "text/javascript; charset=utf-8"),
    "listening.js": ("listening.js", "text/javascript; charset=utf-8"),
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "media-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_CONTENT = re.compile(r"^(outline|frame|sound)/(\d{1,6})$")


class CorrectionServer(ThreadingHTTPServer):
    """Serves one session on a free port of the loopback address.

    Parameters
    ----------
    session
        The recording that is corrected.
    port
        0 for any that is free.

    Attributes
    ----------
    url
        The page's address, with its secret.
    """

    daemon_threads = True

    def __init__(self, session: Session, *, port: int = 0) -> None:
        self.session = session
        self.secret = secrets.token_urlsafe(18)
        super().__init__((LOOPBACK, port), Handler)
        self.url = f"http://{LOOPBACK}:{self.server_port}/{self.secret}/"

    @property
    def hosts(self) -> frozenset[str]:
        """The names by which it may be called."""
        return frozenset((f"{LOOPBACK}:{self.server_port}", f"localhost:{self.server_port}"))


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: CorrectionServer
    protocol_version = "HTTP/1.1"
    server_version = "weft"
    sys_version = ""

    def do_GET(self) -> None:
        """The page, its state, and the content of streams."""
        place = self._place()
        if place is None:
            return
        name, query = place
        try:
            if name in _FILES:
                file, kind = _FILES[name]
                self._answer(resources.files("weft.web").joinpath("page", file).read_bytes(), kind)
            elif name == "state":
                self._json(self.server.session.state())
            elif match := _CONTENT.match(name):
                self._content(match[1], int(match[2]), query)
            else:
                self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here")
        except (WeftError, KeyError, ValueError, IndexError, OverflowError) as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))

    def do_POST(self) -> None:
        """What the person marked, or takes back."""
        place = self._place()
        if place is None:
            return
        try:
            body = self._body()
            if place[0] == "save":
                self._json({"pairs": self.server.session.save(list(body["pairs"]))})
            elif place[0] == "undo":
                self._json({"pairs": self.server.session.undo(str(body["id"]))})
            else:
                self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here")
        except OSError as error:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, f"nothing was saved: {error.strerror or error}")
        except (WeftError, KeyError, TypeError, ValueError) as error:
            self._refuse(HTTPStatus.BAD_REQUEST, f"nothing was saved: {error}")

    def _place(self) -> tuple[str, dict[str, str]] | None:
        """The path behind the secret and its query; ``None`` after a refusal."""
        parts = urlsplit(self.path)
        known, _, name = parts.path.lstrip("/").partition("/")
        origin = self.headers.get("Origin")
        ours = self.headers.get("Host", "") in self.server.hosts
        ours = ours and (origin is None or urlsplit(origin).netloc in self.server.hosts)
        if not ours or not secrets.compare_digest(known.encode(), self.server.secret.encode()):
            self._refuse(HTTPStatus.FORBIDDEN, "open the address that weft printed, with all of its letters")
            return None
        return name, {key: values[0] for key, values in parse_qs(parts.query).items()}

    def _body(self) -> dict[str, Any]:
        """The JSON that was sent."""
        if self.headers.get_content_type() != "application/json":
            raise ValueError("expected JSON")
        size = int(self.headers.get("Content-Length", "0"))
        if not 0 < size <= MOST_BODY_BYTES:
            raise ValueError(f"expected at most {MOST_BODY_BYTES} bytes")
        body = json.loads(self.rfile.read(size))
        if not isinstance(body, dict):
            raise ValueError("expected a JSON object")
        return body

    def _content(self, what: str, number: int, query: dict[str, str]) -> None:
        """What a stream holds."""
        session = self.server.session
        outline = session.outline(number)
        clock = outline.stream.clock
        if what == "outline":
            start_ns = session.reading_ns(clock, float(query["start"]))
            stop_ns = session.reading_ns(clock, float(query["stop"]))
            self._json(outline.parts(start_ns, stop_ns, int(query["count"])))
        elif what == "frame":
            picture = outline.frame(session.reading_ns(clock, float(query["at"])))
            if picture is None:
                self._refuse(HTTPStatus.NOT_FOUND, "no picture then")
            else:
                self._answer(picture, "image/jpeg", keep=True)
        else:
            if outline.kind != "sound":
                raise ValueError("this stream is no sound")
            self._sound(WavView(outline))

    def _sound(self, view: WavView) -> None:
        """A range of a WAV file."""
        start, stop = asked_range(self.headers.get("Range", ""), view.size) or (0, min(view.size, MOST_BYTES))
        more = {"Accept-Ranges": "bytes", "Content-Range": f"bytes {start}-{stop - 1}/{view.size}"}
        self._answer(view.read(start, stop), "audio/wav", status=HTTPStatus.PARTIAL_CONTENT, more=more)

    def _json(self, document: dict[str, Any]) -> None:
        """One JSON document."""
        self._answer(json.dumps(document, allow_nan=False).encode(), "application/json")

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        """A refusal in plain words; what was sent is not read any further."""
        self.close_connection = True
        self._answer(why.encode(), "text/plain; charset=utf-8", status=status)

    def _answer(
        self,
        content: bytes,
        kind: str,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        keep: bool = False,
        more: dict[str, str] | None = None,
    ) -> None:
        """One answer with what keeps it to this page."""
        self.send_response(status)
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(content)),
            "Content-Security-Policy": _POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "private, max-age=600" if keep else "no-store",
        }
        for name, value in (headers | (more or {})).items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the address holds the secret."""
