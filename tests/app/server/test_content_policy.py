"""What a browser is told that it may load, run and send."""

import base64
import hashlib

from mesa_lab.app.server.content_policy import policy


def directives(text):
    return {name: sources for name, *sources in (part.split() for part in text.split("; "))}


def test_only_the_scripts_of_a_page_itself_are_run():
    page = b'<script src="/a.js"></script><SCRIPT type="module">\nlet a = 1;\n</SCRIPT><script>b</script>'
    found = directives(policy("lab:1", page))["script-src"]
    digests = [
        f"'sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}'"
        for text in (b"\nlet a = 1;\n", b"b")
    ]
    assert found == ["'self'", "'unsafe-eval'", "blob:", *digests]


def test_nothing_goes_elsewhere():
    found = directives(policy("lab:1"))
    assert found["connect-src"] == ["'self'", "ws://lab:1", "wss://lab:1", "blob:"]
    assert found["default-src"] == ["'self'"]
    assert "'unsafe-inline'" not in found["script-src"]
    for name in ("object-src", "base-uri", "form-action"):
        assert found[name] == ["'none'"]
