"""What a browser is told that it may load, run and send."""

from mesa_lab.app.server.content_policy import marked, policy


def directives(text):
    return {name: sources for name, *sources in (part.split() for part in text.split("; "))}


def test_only_the_scripts_that_a_page_came_with_are_run():
    page, word = marked(
        b'<script src="/a.js"></script><SCRIPT type="module">\nlet a\n</SCRIPT><script>b</script><scripts>'
    )
    mark = f'<script nonce="{word}"'.encode()
    expected = b'%s src="/a.js"></script>%s type="module">\nlet a\n</SCRIPT>%s>b</script><scripts>'
    assert page == expected % (mark, mark, mark)
    assert directives(policy("lab:1", word))["script-src"] == [
        "'self'",
        "'unsafe-eval'",
        "blob:",
        f"'nonce-{word}'",
    ]


def test_the_mark_is_another_one_for_every_page():
    words = {marked(b"<script></script>")[1] for _ in range(100)}
    assert len(words) == 100
    assert min(map(len, words)) >= 20


def test_nothing_goes_elsewhere():
    found = directives(policy("lab:1"))
    assert found["connect-src"] == ["'self'", "ws://lab:1", "wss://lab:1", "blob:"]
    assert found["default-src"] == ["'self'"]
    assert "'unsafe-inline'" not in found["script-src"]
    for name in ("object-src", "base-uri", "form-action"):
        assert found[name] == ["'none'"]
