"""Who is let in, and what of the libraries is given out."""

import asyncio
import re
from pathlib import Path

import pytest

from mesa_lab.app.server.request_guard import Guard, is_loopback


async def welcome(scope, receive, send):
    """An application that says which path it was asked for."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


@pytest.fixture
def libraries(tmp_path):
    folder = tmp_path / "libraries"
    (folder / "@scope" / "page@1.2.3" / "dist").mkdir(parents=True)
    (folder / "@scope" / "page@1.2.3" / "dist" / "main.js").touch()
    (tmp_path / "secret.txt").touch()
    return folder


def ask(
    libraries: Path,
    path="/",
    *,
    host="127.0.0.1:8765",
    origin=None,
    method="GET",
    kind="http",
    bound="127.0.0.1",
    hosts=(),
):
    headers = [(b"host", host.encode())] if host else []
    headers += [(b"origin", origin.encode())] if origin else []
    scope = {"type": kind, "path": path, "method": method, "headers": headers}
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(Guard(welcome, host=bound, hosts=hosts, libraries=libraries)(scope, None, send))
    return sent


def status(sent):
    return sent[0].get("status", sent[0]["type"])


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8765", "localhost:8765", "[::1]:9000", "LOCALHOST", "192.168.1.7:8765"]
)
def test_names_of_ours_are_welcome(libraries, host):
    assert status(ask(libraries, host=host)) == 200


@pytest.mark.parametrize(
    "host", ["evil.example:8765", "", "localhost.evil.example", "localhost;x", "127.0.0.1.evil.example"]
)
def test_foreign_names_are_not(libraries, host):
    sent = ask(libraries, host=host)
    assert status(sent) == 403
    assert b"is not a name of this server" in sent[1]["body"]


def test_a_name_can_be_added(libraries):
    assert status(ask(libraries, host="lab.example.org", bound="0.0.0.0", hosts=["Lab.example.org"])) == 200


@pytest.mark.parametrize(
    ("origin", "answer"),
    [
        (None, 200),
        ("http://127.0.0.1:8765", 200),
        ("https://127.0.0.1:8765", 200),
        ("http://127.0.0.1:9999", 403),
        ("http://localhost:8765", 403),
        ("https://evil.example", 403),
        ("null", 403),
    ],
)
def test_what_changes_something_comes_from_our_page(libraries, origin, answer):
    assert status(ask(libraries, origin=origin, method="POST")) == answer
    assert status(ask(libraries, origin=origin)) == 200
    expected = 200 if answer == 200 else "websocket.close"
    assert status(ask(libraries, origin=origin, kind="websocket")) == expected


def test_pages_may_not_reach_elsewhere(libraries):
    headers = dict(ask(libraries)[0]["headers"])
    policy = headers[b"content-security-policy"].decode()
    assert policy.startswith("default-src 'self';")
    assert "connect-src 'self' ws://127.0.0.1:8765 wss://127.0.0.1:8765 " in policy
    assert "http" not in policy


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("@scope/page@1.2.3/dist/main.js", b"/_solara/cdn/@scope/page@1.2.3/dist/main.js"),
        ("@scope/page@1.9.0/dist/main.js", b"/_solara/cdn/@scope/page@1.2.3/dist/main.js"),
        ("@scope/page@1.2.3/dist/other.js", None),
        ("@scope/page@1.2.3", None),
        ("@scope", None),
        ("", None),
        ("other@1.0.0/main.js", None),
        ("../secret.txt", None),
        ("@scope/page@1.9.0/../../../secret.txt", None),
        ("/etc/passwd", None),
    ],
)
def test_only_files_of_the_libraries_are_given_out(libraries, path, answer):
    sent = ask(libraries, f"/_solara/cdn/{path}")
    assert (status(sent), sent[1]["body"] if answer else None) == (200 if answer else 404, answer)


def test_only_this_machine_is_a_loopback():
    assert [is_loopback(host) for host in ("localhost", "127.0.0.1", "127.8.8.8", "::1")] == [True] * 4
    assert [is_loopback(host) for host in ("0.0.0.0", "::", "example.org", "192.168.1.7", "")] == [False] * 5


def page_of(text):
    """An application that answers with a page in two parts, a cookie of its own, and the headers that it was sent."""
    seen = {}

    async def app(scope, receive, send):
        seen.update({name.decode(): value.decode() for name, value in scope["headers"]})
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"set-cookie", b"solara-session-id=theirs"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": text[:20], "more_body": True})
        await send({"type": "http.response.body", "body": text[20:]})

    return app, seen


def visit(app, libraries, cookie="", **more):
    sent = []

    async def send(message):
        sent.append(message)

    headers = [(b"host", b"127.0.0.1:1"), (b"cookie", cookie.encode())]
    headers += [(name.encode(), value.encode()) for name, value in more.items()]
    scope = {"type": "http", "path": "/", "method": "GET", "headers": headers}
    asyncio.run(app(scope, None, send))
    return sent


def test_a_session_is_the_one_that_was_made_here(libraries):
    inner, seen = page_of(b"<html><script>let a = 1</script></html>")
    guard = Guard(inner, host="127.0.0.1", libraries=libraries)
    first = visit(guard, libraries, cookie="solara-session-id=chosen; mesa-lab-1=chosen")
    assert "cookie" not in seen
    (made,) = [value.decode() for name, value in first[0]["headers"] if name == b"set-cookie"]
    assert made.startswith("mesa-lab-1=")
    visit(guard, libraries, cookie=f"solara-session-id=chosen; {made.split(';')[0]}")
    assert seen["cookie"] == f"solara-session-id={made.split('=')[1].split('.')[0]}"


def test_a_page_goes_out_whole_with_its_scripts_marked(libraries):
    inner, _ = page_of(b"<html><script>let a = 1</script></html>")
    sent = visit(Guard(inner, host="127.0.0.1", libraries=libraries), libraries)
    headers = dict(sent[0]["headers"])
    (word,) = re.findall(r"'nonce-([^']+)'", headers[b"content-security-policy"].decode())
    body = b"".join(message.get("body", b"") for message in sent)
    assert body == f'<html lang="en"><script nonce="{word}">let a = 1</script></html>'.encode()
    assert headers[b"content-length"] == str(len(body)).encode()


def test_visitors_do_not_say_what_only_a_proxy_knows(libraries):
    inner, seen = page_of(b"<html></html>" * 3)
    visit(
        Guard(inner, host="127.0.0.1", libraries=libraries), libraries, **{"x-script-name": "//evil.example"}
    )
    assert "x-script-name" not in seen


@pytest.mark.parametrize("path", ["/a\x00b", "/a\nb", "/\x7f"])
def test_addresses_that_are_none_are_refused(libraries, path):
    assert status(ask(libraries, path)) == 400
