"""`mesa-lab app`, and `mesa-lab` alone: open the app in the browser."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["app"]


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="Where it listens."
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Who can reach it; by default this computer alone."
)
@click.option("--no-open", is_flag=True, help="Open no browser.")
@click.option(
    "--studies",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    help="The folder of the studies; by default the current one.",
)
@click.option(
    "--models",
    multiple=True,
    metavar="MODEL",
    help="Offer only this model, and no files; may be repeated. Needed when others can reach the app.",
)
def app(port: int, host: str, no_open: bool, studies: Path, models: tuple[str, ...]) -> None:
    """Open the app in the browser.

    Choose a model, design an experiment, run it, look at the results.

    It listens on this computer alone and shows every study in its folder. Started for others, with
    --host, each browser sees its own studies. --models limits it to the named models, and no file can
    be opened.

    \b
    Examples:
      mesa-lab app
      mesa-lab app --studies ~/studies --no-open
      mesa-lab app --host 0.0.0.0 --models mesa.examples:Schelling --models mesa.examples:WolfSheep
    """
    from mesa_lab.app.server.server import serve
    from mesa_lab.preparation.models import load_model

    for model in models:
        load_model(model)  # a misspelt name would be offered, and never open
    serve(host=host, port=port, open_browser=not no_open, studies=studies, models=models)
