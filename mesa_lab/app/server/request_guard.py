"""The door of the app: an ASGI middleware that lets in only what the app's own pages send.

Solara checks neither the Host nor the Origin of a request. Without that, any web site that a user
visits could talk to the app on their machine: through a websocket, which browsers do not hold to one
origin, or by pointing a name of its own at 127.0.0.1 (DNS rebinding). So a request must name a host
that is ours, and whatever can change something must come from a page of that same host. Addresses in
digits are always ours: rebinding needs a name.

It also answers for the front-end libraries. Solara fetches those it lacks from a public server, and
deletes a folder when asked for it by name; here only files that exist are passed on. The content
security policy says the same to the browser: nothing is loaded from, or sent to, anywhere else.

And it answers for sessions: behind the door there is no cookie but the id of a session that was made here
(`session_cookie`), and none of the cookies that Solara sets goes out.

This module knows HTTP and paths; of Solara it knows the name of its cookie.
"""

import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mesa_lab.app.server.content_policy import marked, policy
from mesa_lab.app.server.page_html import completed, no_such_page
from mesa_lab.app.server.session_cookie import SessionCookie

__all__ = ["Guard", "is_loopback"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LIBRARIES = "/_solara/cdn/"
READING = {"GET", "HEAD", "OPTIONS"}
SESSION = "solara-session-id"
# A path that the server is asked under. A proxy may say it to Solara, which then takes it for the path of all its pages;
# but so may any visitor.
NOT_FROM_VISITORS = {b"cookie", b"script-name", b"x-script-name"}
_NO_PAGES = ("/static/", "/_solara/", "/jupyter/")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a server bound to the host.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
        (True, True, False)
    """
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


class Guard:
    """Refuse foreign hosts and origins, and serve libraries from one folder only.

    Args:
        app: The ASGI application behind the door.
        host: The host that the server is bound to.
        hosts: Further host names under which people reach it, through a proxy for instance.
        libraries: The folder with the front-end libraries.
        sessions: The cookie of the browsers' sessions; None for one whose key ends with this process.
    """

    def __init__(
        self,
        app: App,
        *,
        host: str,
        libraries: Path,
        hosts: Iterable[str] = (),
        sessions: SessionCookie | None = None,
    ) -> None:
        self.app = app
        self.sessions = sessions or SessionCookie()
        self.libraries = libraries.resolve()
        ours = {"localhost", host, *hosts}
        if not is_loopback(host):
            ours |= {socket.gethostname(), socket.getfqdn()}
        self.hosts = {name.lower() for name in ours}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection, or pass it on."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
        host = headers.get("host", "")
        if problem := self.problem(scope, host, headers.get("origin")):
            await _refuse(scope, send, 403, problem)
            return
        if _is_malformed(scope):
            await _refuse(scope, send, 400, "This address has characters that no address has.")
            return
        session = self.sessions.read(headers.get("cookie", ""), host)
        scope = _with_session(scope, session)
        if scope["type"] == "websocket":
            await self.app(scope, receive, send)
            return
        if scope["path"].startswith(LIBRARIES):
            place = self.library(scope["path"].removeprefix(LIBRARIES))
            if place is None:
                await _refuse(scope, send, 404, "This library is not part of Mesa Lab.")
                return
            scope = {**scope, "path": LIBRARIES + place, "raw_path": (LIBRARIES + place).encode()}
        secure = "https" in (scope.get("scheme"), headers.get("x-forwarded-proto"))
        cookie = self.sessions.write(session or self.sessions.make(), host, secure=secure)
        asks_page = "text/html" in headers.get("accept", "") and not scope["path"].startswith(_NO_PAGES)
        answer = _Answer(send, host, cookie, scope["path"] if asks_page else None)
        await self.app(scope, receive, answer.send)

    def problem(self, scope: Scope, host: str, origin: str | None) -> str | None:
        """Return why a request is refused, or None when it is welcome."""
        name = _hostname(host)
        if not name or not (_is_address(name) or name in self.hosts):
            return (
                f"'{name}' is not a name of this server. If it should be, start Mesa Lab with it as a host."
            )
        # A browser always names the origin of a websocket and of a post; other programs can
        # write what they like, so its absence says nothing about them.
        changes = scope["type"] == "websocket" or scope["method"] not in READING
        if changes and origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return f"Requests from {origin} are not accepted here."
        return None

    def library(self, path: str) -> str | None:
        """Return where in the folder the asked file lies, or None.

        Another version of the same package is better than an empty page: a patch release of
        Solara may ask for a version that this release of Mesa Lab does not carry.
        """
        try:
            wanted = (self.libraries / path).resolve()
            if wanted.is_relative_to(self.libraries) and wanted.is_file():
                return wanted.relative_to(self.libraries).as_posix()
        except OSError:  # a name that is too long
            return None
        if match := re.fullmatch(r"((?:@[\w.-]+/)?[\w.-]+)@[\w.+-]+/([\w./-]+)", path):
            for folder in sorted(self.libraries.glob(f"{match[1]}@*")):
                other = (folder / match[2]).resolve()
                if other.is_relative_to(folder) and other.is_file():
                    return other.relative_to(self.libraries).as_posix()
        return None


def _hostname(host: str) -> str:
    if not re.fullmatch(r"[\w.:\[\]-]+", host):
        return ""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_malformed(scope: Scope) -> bool:
    """Whether an address has characters on which a file system, or a reader of text, stumbles."""
    query = scope.get("query_string", b"")
    return bool(_UNPRINTABLE.search(scope["path"])) or not query.isascii()


def _with_session(scope: Scope, session: str | None) -> Scope:
    """The request as it goes on: with no cookie but the session's, and without what only a proxy may say.

    Pages come uncompressed, since their scripts have to be marked.
    """
    dropped = NOT_FROM_VISITORS
    if scope["type"] == "http" and not scope["path"].startswith(_NO_PAGES):
        dropped = dropped | {b"accept-encoding"}
    headers = [(name, value) for name, value in scope["headers"] if name.lower() not in dropped]
    if session is not None:
        headers.append((b"cookie", f"{SESSION}={session}".encode()))
    return {**scope, "headers": headers}


class _Answer:
    """An answer on its way out: with our headers, a page with our cookie, and its scripts marked."""

    def __init__(self, send: Send, host: str, cookie: str, page: str | None = None) -> None:
        self._send, self._host, self._cookie, self._path = send, host, cookie, page
        self._start: MutableMapping[str, Any] | None = None
        self._page = b""
        self._missing = False

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Pass a part of the answer on."""
        if message["type"] == "http.response.start":
            headers = [pair for pair in message.get("headers", ()) if pair[0].lower() != b"set-cookie"]
            self._missing = message["status"] == 404 and self._path is not None
            if self._missing:
                headers = [pair for pair in headers if pair[0].lower() != b"content-type"]
                headers.append((b"content-type", b"text/html; charset=utf-8"))
            if any(
                name.lower() == b"content-type" and value.startswith(b"text/html") for name, value in headers
            ):
                self._start = {**message, "headers": [*headers, (b"set-cookie", self._cookie.encode())]}
            else:
                await self._send(self._complete({**message, "headers": headers}))
        elif self._start is not None and message["type"] == "http.response.body":
            self._page += message.get("body", b"")
            if not message.get("more_body"):
                found = no_such_page(self._path or "") if self._missing else completed(self._page)
                page, word = marked(found)
                length = (b"content-length", str(len(page)).encode())
                kept = [pair for pair in self._start["headers"] if pair[0].lower() != b"content-length"]
                await self._send(self._complete({**self._start, "headers": [*kept, length]}, word))
                await self._send({"type": "http.response.body", "body": page})
        else:
            await self._send(message)

    def _complete(self, start: MutableMapping[str, Any], word: str = "") -> MutableMapping[str, Any]:
        extra = [
            (b"content-security-policy", policy(self._host, word).encode("latin-1")),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
        ]
        return {**start, "headers": [*start["headers"], *extra]}


async def _refuse(scope: Scope, send: Send, status: int, reason: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": reason[:120]})
        return
    body = f"{reason}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
