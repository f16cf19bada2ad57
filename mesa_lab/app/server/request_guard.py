"""The door of the app: an ASGI middleware that lets in only what the app's own pages send.

Solara checks neither the Host nor the Origin of a request. Without that, any web site that a user
visits could talk to the app on their machine: through a websocket, which browsers do not hold to one
origin, or by pointing a name of its own at 127.0.0.1 (DNS rebinding). So a request must name a host
that is ours, and whatever can change something must come from a page of that same host. Addresses in
digits are always ours: rebinding needs a name.

It also answers for the front-end libraries. Solara fetches those it lacks from a public server, and
deletes a folder when asked for it by name; here only files that exist are passed on. The content
security policy says the same to the browser: nothing is loaded from, or sent to, anywhere else.

This module knows HTTP and paths; it must not know Solara.
"""

import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Guard", "is_loopback"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LIBRARIES = "/_solara/cdn/"
READING = {"GET", "HEAD", "OPTIONS"}
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' {sockets} data: blob:; worker-src 'self' blob:; frame-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)


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
    """

    def __init__(self, app: App, *, host: str, libraries: Path, hosts: Iterable[str] = ()) -> None:
        self.app = app
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
        if scope["type"] == "websocket":
            await self.app(scope, receive, send)
            return
        if scope["path"].startswith(LIBRARIES):
            place = self.library(scope["path"].removeprefix(LIBRARIES))
            if place is None:
                await _refuse(scope, send, 404, "This library is not part of Mesa Lab.")
                return
            scope = {**scope, "path": LIBRARIES + place, "raw_path": (LIBRARIES + place).encode()}
        await self.app(scope, receive, _with_headers(send, host))

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
        wanted = (self.libraries / path).resolve()
        if wanted.is_relative_to(self.libraries) and wanted.is_file():
            return wanted.relative_to(self.libraries).as_posix()
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


def _with_headers(send: Send, host: str) -> Send:
    policy = POLICY.format(sockets=f"ws://{host} wss://{host}")
    extra = [
        (b"content-security-policy", policy.encode("latin-1")),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
    ]

    async def send_with_headers(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *extra]}
        await send(message)

    return send_with_headers


async def _refuse(scope: Scope, send: Send, status: int, reason: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": reason[:120]})
        return
    body = f"{reason}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
