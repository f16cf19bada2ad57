"""The app in a browser that can reach nothing but this machine."""

import os
import signal
import socket
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

PAGES = Path(__file__).parent / "pages" / "plain"


@pytest.fixture(scope="module")
def plain(start_lab):
    """Two small pages."""
    return start_lab(pages=PAGES)


def test_pages_show_without_internet(lab, plain, visit, cut_off):
    if not cut_off and os.environ.get("CI") == "true":
        pytest.fail("This needs a network namespace: run it as root on Linux.")
    if not cut_off:
        pytest.skip("Not root on Linux, so the network cannot be cut off.")
    with pytest.raises(OSError, match="unreachable"):
        socket.create_connection(("192.0.2.1", 443), timeout=1)
    visit(lab)
    page = visit(plain)
    page.wait_for_selector(".ml-chart svg")
    # Fonts and icons come last; a missing one would be a failed request.
    page.evaluate("document.fonts.ready")
    assert page.evaluate("[...document.fonts].some((font) => font.status === 'loaded')")
    for server in (lab, plain):
        assert server.output().strip() == f"Mesa Lab is at {server.url} (Ctrl+C stops it)."


def test_a_page_survives_a_reload(plain, visit):
    page = visit(plain)
    page.wait_for_selector(".ml-chart svg")
    page.reload()
    page.wait_for_selector(".ml-chart svg")


def test_pages_have_addresses(plain, visit):
    page = visit(plain, "/words")
    page.wait_for_selector("text=Nothing here yet.")


@pytest.mark.parametrize("dark", [False, True])
def test_the_mode_of_the_system_is_followed(plain, visit, dark):
    page = visit(plain, dark=dark)
    ink, ground = (
        page.locator(selector).first.evaluate(f"(e) => getComputedStyle(e).{what}")
        for selector, what in (
            (".ml-chart svg text", "fill"),
            (".v-application .v-application", "backgroundColor"),
        )
    )
    assert (brightness(ink) > brightness(ground)) is dark


def brightness(colour: str) -> float:
    return sum(float(part) for part in colour.split("(")[1].rstrip(")").split(",")[:3])


@pytest.fixture
def other_site(cut_off, tmp_path):
    """A page of somebody else."""
    (tmp_path / "index.html").write_text("<!doctype html><link rel=icon href='data:,'>")
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_scripts_cannot_read_the_session(plain, visit):
    page = visit(plain, "/words")
    assert [cookie["httpOnly"] for cookie in page.context.cookies()] == [True]
    assert page.evaluate("document.cookie") == ""


def test_a_session_that_a_browser_chooses_is_not_taken_over(plain, visit):
    page = visit(plain, "/words")
    (made,) = page.context.cookies()
    chosen = {**made, "value": f"{'0' * 32}.{'0' * 64}"}
    solaras = {"name": "solara-session-id", "value": "chosen", "url": plain.url}
    page.context.clear_cookies()
    page.context.add_cookies([chosen, solaras])
    page.reload()
    kept = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    assert kept[made["name"]] not in (made["value"], chosen["value"])
    assert kept["solara-session-id"] == "chosen"  # which is not looked at


def test_what_comes_to_stand_in_a_page_runs_nothing_and_fetches_nothing(plain, visit, troubles, other_site):
    page = visit(plain, "/words")
    put = """(foreign) => {
        window.ran = [];
        const script = document.createElement("script");
        script.textContent = "window.ran.push('inline')";
        document.body.append(script);
        const box = document.createElement("div");
        box.innerHTML = `<img src="data:," onerror="window.ran.push('handler')"><img src="${foreign}x.png">`;
        document.body.append(box);
        return fetch(foreign).then(() => window.ran.push("fetch"), () => {}).then(() => window.ran);
    }"""
    assert page.evaluate(put, other_site) == []
    page.wait_for_timeout(300)
    assert page.evaluate("window.ran") == []
    assert any("Content Security Policy" in trouble or "blocked" in trouble for trouble in troubles)
    troubles.clear()


@pytest.mark.parametrize(
    "path", ["/%00", "/words%00", "/static/assets/%00.js", "/static/assets/..%2f..%2fetc%2fpasswd"]
)
def test_addresses_that_are_none_are_refused_by_the_server(plain, visit, path):
    page = visit(plain, "/words")
    answer = page.request.get(plain.url + path)
    assert 400 <= answer.status < 500
    assert "Traceback" not in plain.output()


def test_another_site_cannot_talk_to_the_app(plain, visit, troubles, other_site):
    page = visit(plain)
    address = plain.url.replace("http", "ws") + "/jupyter/api/kernels/abc/channels?session_id=1"
    connect = """(address) => new Promise((done) => {
        const line = new WebSocket(address);
        line.onopen = () => done("open");
        line.onerror = () => done("refused");
    })"""
    assert page.evaluate(connect, address) == "open"
    page.goto(other_site)
    assert page.evaluate(connect, address) == "refused"
    assert any("403" in trouble for trouble in troubles)
    troubles.clear()


def test_a_taken_port_is_no_obstacle(plain, start_lab):
    port = int(plain.url.rsplit(":", 1)[1])
    second = start_lab(port=port, pages=PAGES)
    assert second.url != plain.url
    assert second.output().startswith(f"Port {port} is taken, so Mesa Lab is at ")


def test_interrupting_ends_it_quietly(start_lab, visit, troubles):
    own = start_lab(pages=PAGES)
    page = visit(own)
    page.wait_for_selector(".ml-chart svg")
    own.process.send_signal(signal.SIGINT)
    assert own.process.wait(60) == 0
    assert own.output().count("\n") == 1
    page.close()
    troubles.clear()  # the page has lost its server


def test_others_are_told_about(start_lab):
    own = start_lab(host="0.0.0.0", models=["mesa.examples:Schelling"], pages=PAGES)
    assert "They may run: mesa.examples:Schelling." in own.output()


def test_what_a_page_is_sent_is_compressed(plain, visit):
    page = visit(plain, "/")
    told = page.context.new_cdp_session(page)
    agreed = []
    told.on(
        "Network.webSocketHandshakeResponseReceived",
        lambda event: agreed.append(
            {name.lower(): text for name, text in event["response"]["headers"].items()}
        ),
    )
    told.send("Network.enable")
    page.reload()
    page.wait_for_selector("main, .solara-autorouter-content", state="attached")
    for _ in range(200):
        if agreed:
            break
        page.wait_for_timeout(100)
    assert "permessage-deflate" in agreed[0]["sec-websocket-extensions"]
