"""Sessions are made and signed by the server, and nobody else."""

import os
import stat

import pytest

from mesa_lab.app.server.session_cookie import DAYS, SessionCookie, kept_key
from mesa_lab.errors import MesaLabError

HOST = "127.0.0.1:8765"


def pair(written):
    return written.split(";")[0]


def attributes(written):
    return written.split("; ")[1:]


def test_a_session_is_found_again_by_its_cookie():
    sessions = SessionCookie()
    made = sessions.make()
    assert sessions.read(f"other=1; {pair(sessions.write(made, HOST, secure=False))}; more=2", HOST) == made
    assert made != sessions.make()


def test_what_is_not_signed_here_is_no_session():
    sessions, others = SessionCookie(), SessionCookie()
    made = sessions.make()
    written = pair(sessions.write(made, HOST, secure=False))
    changed = written.replace(made, others.make())
    for cookies in (
        "",
        written[:-1],
        changed,
        f"{written.split('=')[0]}={made}",
        pair(others.write(made, HOST, secure=False)),
        f"solara-session-id={made}",
        f"{written}é",
    ):
        assert sessions.read(cookies, HOST) is None, cookies


def test_servers_on_other_ports_have_cookies_of_their_own():
    sessions = SessionCookie(b"k" * 32)
    written = pair(sessions.write(sessions.make(), HOST, secure=False))
    assert sessions.read(written, HOST) is not None
    assert sessions.read(written, "127.0.0.1:8766") is None


def test_scripts_and_other_sites_do_not_get_it():
    sessions = SessionCookie()
    assert attributes(sessions.write("a" * 32, HOST, secure=False)) == ["Path=/", "HttpOnly", "SameSite=Lax"]
    kept = attributes(SessionCookie(days=DAYS).write("a" * 32, HOST, secure=True))
    assert kept == ["Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=2592000", "Secure"]


def test_visitors_find_their_session_after_a_restart(tmp_path):
    first = SessionCookie(kept_key(tmp_path))
    made = first.make()
    again = SessionCookie(kept_key(tmp_path))
    assert again.read(pair(first.write(made, HOST, secure=False)), HOST) == made
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / ".mesa-lab.key").stat().st_mode) == 0o600


def test_a_key_that_is_none_says_so(tmp_path):
    (tmp_path / ".mesa-lab.key").write_bytes(b"short")
    with pytest.raises(MesaLabError, match="is no key of sessions. Delete it"):
        kept_key(tmp_path)
    with pytest.raises(MesaLabError, match="cannot be kept"):
        kept_key(tmp_path / "nowhere")
