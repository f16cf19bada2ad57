"""Start the app: Solara's server with settings that are safe, offline and quiet.

Solara reads its settings when it is imported, from the environment; a few are looked at only later.
Both are served here: the environment is filled before the first import, and the settings are set
again on Solara's own objects, for the case that it was imported earlier. What a server does with
requests that are not from its own pages stands in `request_guard.py`, and what a visitor may see in
`workspace/access.py`; this module only joins them and knows nothing of pages.
"""

import os
import socket
import threading
import warnings
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from mesa_lab.app import asset_paths
from mesa_lab.app.quick_imports import import_soon
from mesa_lab.app.server.members import may_use_own
from mesa_lab.app.server.request_guard import Guard, is_loopback
from mesa_lab.app.server.session_cookie import DAYS, SessionCookie, kept_key
from mesa_lab.classroom.classroom import Classroom, hold, member_of
from mesa_lab.classroom.invitation import invitation
from mesa_lab.classroom.join_code import student_addresses
from mesa_lab.errors import MesaLabError
from mesa_lab.spared_imports import spare_grammars
from mesa_lab.workspace.access import Access, grant
from mesa_lab.workspace.queue import queue_of
from mesa_lab.workspace.trust import in_full

__all__ = ["serve"]

PORT = 8765
# A page that lost its connection (a sleeping laptop) finds its state again within this time.
# Studies do not need it: they run in processes of their own.
KEEP_PAGES = "1h"


def serve(
    host: str = "127.0.0.1",
    port: int = PORT,
    open_browser: bool = True,
    studies: str | os.PathLike[str] = ".",
    models: Sequence[str] = (),
    *,
    hosts: Sequence[str] = (),
    pages: str | os.PathLike[str] | None = None,
    classroom: Classroom | None = None,
) -> None:
    """Serve the app until it is interrupted.

    Args:
        host: Address to listen on. Any but this machine's own opens the app to others: then only
            the listed models are offered and no files can be opened.
        port: Port to listen on; when it is taken, the next free one is used, and 0 means any.
        open_browser: Whether to show the app in the browser once it answers.
        studies: Folder in which studies are kept; made when it is not there.
        models: References of the models to offer, "package.module:Class" or "file.py:Class", and no others; empty, on this
            machine alone, for all that are installed and any file.
        hosts: Further names under which people reach the app, through a proxy for instance.
        pages: Folder of Solara pages to show instead of the app's own.
        classroom: The class that the app is for, None for none. Who has not joined it sees nothing.

    Raises:
        MesaLabError: When the address cannot be used, or others would have no model to use.
    """
    local = is_loopback(host) and classroom is None
    if not local and not models:
        raise MesaLabError(
            f"Host {host} opens the app to others, who may use listed models only, and none is listed. "
            'Name at least one, for example models=["mesa.examples:Schelling"] or --models mesa.examples:Schelling.'
        )
    models = in_full(models)
    folder = Path(studies).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    brings_own = classroom is not None and classroom.own_code is not None
    grant(
        Access(
            local,
            folder,
            models,
            member_of if classroom is not None else None,
            may_use_own if brings_own else None,
        )
    )
    if classroom is None:
        queue_of(folder, paused_holds=local)  # what waited when the server was last stopped goes on
    else:
        hold(classroom)
        classroom.open()
    listener = _listen(host, port)
    bound = listener.getsockname()[1]
    url = f"http://{_shown(host)}:{bound}"
    if classroom is not None:
        classroom.addresses = student_addresses(host, bound)
    # One person's browser forgets the session when it is closed; a visitor finds their studies by it.
    sessions = SessionCookie() if local else SessionCookie(kept_key(folder), days=DAYS)
    app = Guard(
        _application(pages), host=host, hosts=hosts, libraries=asset_paths.vendor(), sessions=sessions
    )

    def ready() -> None:
        taken = f"Port {port} is taken, so " if port not in (0, bound) else ""
        click.echo(f"{taken}Mesa Lab is at {url} (Ctrl+C stops it).")
        if classroom is not None:
            click.echo(invitation(classroom, host, bound))
        elif not local:
            click.echo(
                f"Open to everyone who can reach {host}. They may run: {', '.join(models)}. "
                "Each browser sees its own studies only, and nobody can open files."
            )
        import_soon()
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    try:
        _run(app, listener, ready)
    finally:
        if classroom is not None:
            classroom.close()


def _application(pages: str | os.PathLike[str] | None) -> Any:
    """Set Solara up and return its ASGI application."""
    # Solara tells developers how cookies differ between hosts; users have no use for that.
    warnings.filterwarnings("ignore", message="Cookies with samesite=none")
    assets = asset_paths.assets()
    fixed = {
        "SOLARA_APP": os.fspath(Path(pages) if pages else asset_paths.pages()),
        "SOLARA_MODE": "production",
        "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "false",
        "SOLARA_ASSETS_PROXY": "true",
        "SOLARA_ASSETS_PROXY_CACHE_DIR": os.fspath(asset_paths.vendor()),
        "SOLARA_ASSETS_EXTRA_LOCATIONS": os.fspath(assets),
        "SOLARA_ASSETS_FONTAWESOME_ENABLED": "false",
        "SOLARA_SESSION_HTTP_ONLY": "true",
        "SOLARA_THEME_TITLE": "Mesa Lab",
        "SOLARA_THEME_LOADER": "plain",
        "SOLARA_THEME_SHOW_BANNER": "false",
    }
    os.environ.update(fixed)
    keep = os.environ.setdefault("SOLARA_KERNEL_CULL_TIMEOUT", KEEP_PAGES)

    # Solara looks into pandas whenever a value changes, and stumbles over one that is half imported by
    # another thread; so it is whole before the first page.
    spare_grammars()
    import pandas  # noqa: F401
    import solara.settings
    from solara.server import settings

    settings.main.mode = "production"
    settings.telemetry.mixpanel_enable = False
    solara.settings.assets.proxy = True
    settings.assets.proxy_cache_dir = asset_paths.vendor()
    settings.assets.extra_locations = [os.fspath(assets)]
    settings.assets.fontawesome_enabled = False
    settings.session.http_only = True
    settings.theme.title = "Mesa Lab"
    settings.theme.loader = "plain"
    settings.theme.show_banner = False
    settings.theme.variant = settings.ThemeVariant.light  # assets/theme.js makes it "auto"
    settings.kernel.cull_timeout = keep

    from solara.server.starlette import app

    from mesa_lab.app.javascript import define_modules
    from mesa_lab.app.server.solara_fixes import mend_closing

    define_modules()
    mend_closing()
    return app


def _run(app: Any, listener: socket.socket, ready: Any) -> None:
    """Run the application on the listening socket until it is interrupted."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                ready()

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=2,
    )
    server = Server(config)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        listener.close()
    if not server.started:
        raise MesaLabError("The app could not start; the reason stands above.")


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket on the port, or on the next free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    error: OSError | None = None
    for candidate in (*range(port, min(port + 20, 65536)), 0) if port else (0,):
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            # On Windows this option would let two servers share a port.
            if os.name != "nt":
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, candidate))
            listener.listen(128)
        except OSError as problem:
            listener.close()
            error = problem
        else:
            return listener
    raise MesaLabError(
        f"Cannot listen on {host}: {error}. Use an address of this machine, such as 127.0.0.1."
    ) from error


def _shown(host: str) -> str:
    """Return the host as people type it."""
    if host in {"0.0.0.0", "::"}:
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host
