"""What students type to join, and the addresses at which they do it."""

from __future__ import annotations

import ipaddress
import secrets
import socket
from typing import Final

import psutil

__all__ = ["clean_code", "new_code", "own_addresses", "qr_picture", "qr_text", "student_addresses"]

_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without i, l, o, 0 and 1, which look alike on a projector."""
_LENGTH: Final = 6


def new_code() -> str:
    """Return a new join code.

    Example:
        >>> len(new_code())
        6
    """
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


def clean_code(typed: str) -> str:
    """Return a join code as it was meant: in small letters, without the spaces and dashes that people put in.

    Example:
        >>> clean_code(" KX4-7pm ")
        'kx47pm'
    """
    return "".join(letter for letter in typed.lower() if letter.isalnum())


def own_addresses(host: str) -> list[str]:
    """Return the addresses by which others on the network reach a server that listens on a host.

    Args:
        host: What the server listens on; "0.0.0.0" and "::" stand for all addresses of this computer.
    """
    if host not in ("0.0.0.0", "::", ""):
        return [host]
    found = [
        entry.address
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family == socket.AF_INET and not ipaddress.ip_address(entry.address).is_loopback
    ]
    # What routers at home and at school give out comes first; link-local addresses rarely lead anywhere.
    return sorted(found, key=lambda text: (ipaddress.ip_address(text).is_link_local, text)) or ["127.0.0.1"]


def student_addresses(host: str, port: int) -> tuple[str, ...]:
    """Return what students type into a browser, the likeliest first.

    Args:
        host: What the server listens on.
        port: Its port.

    Example:
        >>> student_addresses("::1", 8765)
        ('http://[::1]:8765',)
    """
    return tuple(
        f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
        for address in own_addresses(host)
    )


def qr_picture(address: str) -> str:
    """Return a QR code of an address as a picture, an address of its own that begins with `data:`."""
    import segno

    return str(segno.make(address, error="m", micro=False).svg_data_uri(border=4, light="white", scale=4))


def qr_text(address: str) -> str:
    """Return a QR code of an address, to be printed in a terminal."""
    import io

    import segno

    out = io.StringIO()
    segno.make(address, error="m", micro=False).terminal(out, compact=True)
    return out.getvalue()
