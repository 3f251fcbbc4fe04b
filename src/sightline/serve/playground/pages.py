"""Files that browsers load, and who may load them."""

from __future__ import annotations

import hashlib
import hmac
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from importlib import resources
from urllib.parse import parse_qs, urlsplit

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

COOKIE = "sightline"
TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
}
# Nothing from elsewhere is loaded, and nobody else may frame the page or talk to it.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SAFE = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-cache"),
)
ASK_FOR_KEY = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sightline</title>
<link rel="stylesheet" href="/style.css"><main class="key"><h1>Sightline playground</h1>
<form action="/" method="get"><label for="key">Key</label> <input id="key" name="key" type="password" autofocus>
<button>Come in</button></form></main></html>"""


def page_files() -> dict[str, Response]:
    """Path -> the answer that it gets, for every file of the page."""
    folder = resources.files("sightline.serve.playground") / "page"
    files = {}
    for file in folder.iterdir():
        kind = file.name.rsplit(".", 1)[-1]
        if kind in TYPES:
            files[f"/{file.name}"] = answer(HTTPStatus.OK, file.read_bytes(), TYPES[kind])
    files["/"] = files["/index.html"]
    return files


def answer(status: HTTPStatus, body: bytes, kind: str = "text/plain; charset=utf-8", **more: str) -> Response:
    """A page. ``more`` are further headers, ``_`` standing for ``-``."""
    headers = Headers([("Content-Type", kind), ("Content-Length", str(len(body))), ("Connection", "close"), *SAFE])
    for name, value in more.items():
        headers[name.replace("_", "-")] = value
    return Response(status.value, status.phrase, headers, body)


class Door:
    """Who may come in.

    Args:
        key: that visitors must bring; "" lets everybody on this machine in.
        local: whether only names of this machine are good, so that no page elsewhere can lead a browser here under a
            name of its own.
    """

    NAMES = ("127.0.0.1", "localhost", "::1")

    def __init__(self, key: str, local: bool) -> None:
        self.key, self.local = key, local

    def refusal(self, request: Request) -> Response | None:
        """The answer to who may not come in; None for all others. A visitor who brings the key gets a cookie for it."""
        hosts = request.headers.get_all("Host")
        if len(hosts) != 1 or (self.local and urlsplit(f"//{hosts[0]}").hostname not in self.NAMES):
            return answer(HTTPStatus.FORBIDDEN, b"This playground is open to this machine alone.\n")
        origins = request.headers.get_all("Origin")
        if any(urlsplit(origin).netloc != hosts[0] for origin in origins):
            return answer(HTTPStatus.FORBIDDEN, b"Pages of other sites may not talk to the playground.\n")
        if not self.key or self._has_cookie(request) or self._has_header(request):
            return None
        path, _, query = request.path.partition("?")
        given = parse_qs(query).get("key", [""])[0]
        if path == "/" and hmac.compare_digest(given.encode(), self.key.encode()):
            cookie = f"{COOKIE}={self._token()}; HttpOnly; SameSite=Strict; Path=/"
            return answer(HTTPStatus.SEE_OTHER, b"", Location="/", Set_Cookie=cookie)
        if path == "/style.css":
            return None
        return answer(HTTPStatus.UNAUTHORIZED, ASK_FOR_KEY.encode(), TYPES["html"])

    def _token(self) -> str:
        return hmac.new(self.key.encode(), b"playground", hashlib.sha256).hexdigest()

    def _has_cookie(self, request: Request) -> bool:
        try:
            found = [SimpleCookie(line).get(COOKIE) for line in request.headers.get_all("Cookie")]
        except CookieError:
            return False
        return any(one is not None and hmac.compare_digest(one.value.encode(), self._token().encode()) for one in found)

    def _has_header(self, request: Request) -> bool:
        wanted = f"Api-Key {self.key}".encode()
        given = request.headers.get_all("Authorization")
        return len(given) == 1 and hmac.compare_digest(given[0].encode(), wanted)
