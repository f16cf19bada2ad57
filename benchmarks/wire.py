"""A door before a server that counts what comes through it: the bytes that a browser is really sent, compressed and with their frames.

Playwright tells of messages after they were unpacked, so what a page costs a network is read here, from the sockets between.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

__all__ = ["Wire", "counted"]

_PIECE = 65_536


class Wire:
    """What came from the server through WebSockets so far.

    Attributes:
        received: Bytes, those of the handshakes too.
        fetched: Bytes of everything else: pages, scripts, style sheets and fonts, as they travel.
        extensions: What server and browser agreed on, such as permessage-deflate; empty before there is a WebSocket.
    """

    def __init__(self) -> None:
        self.received = self.fetched = 0
        self.extensions = ""
        self._lock = threading.Lock()

    def serve(self, door: socket.socket, server: tuple[str, int]) -> None:
        """Let connections in until the door is closed."""
        with contextlib.suppress(OSError):
            while True:
                browser, _ = door.accept()
                behind = socket.create_connection(server)
                for args in ((browser, behind, False), (behind, browser, True)):
                    threading.Thread(target=self._pass_on, args=args, daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, counts: bool) -> None:
        upgraded = False
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
                if counts:
                    upgraded = upgraded or piece.startswith(b"HTTP/1.1 101 ")
                    if upgraded:
                        self._count(piece)
                    else:
                        with self._lock:
                            self.fetched += len(piece)
                sink.sendall(piece)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _count(self, piece: bytes) -> None:
        with self._lock:
            self.received += len(piece)
            for line in piece.split(b"\r\n\r\n")[0].split(b"\r\n"):
                if line.lower().startswith(b"sec-websocket-extensions:"):
                    self.extensions = line.partition(b":")[2].strip().decode("latin-1")


@contextmanager
def counted(url: str) -> Iterator[tuple[str, Wire]]:
    """Stand before a server; yield the address of the door, and what came through it."""
    parts = urlsplit(url)
    wire = Wire()
    with socket.create_server((parts.hostname or "127.0.0.1", 0)) as door:
        server = (parts.hostname or "127.0.0.1", parts.port or 80)
        threading.Thread(target=wire.serve, args=(door, server), daemon=True).start()
        yield f"{parts.scheme}://{parts.hostname}:{door.getsockname()[1]}", wire
