"""The terminal: what each command takes, says and returns. The work is done in the rooms below.

One file per group of commands. They import click and nothing heavy: pandas, Mesa and the rest wait
inside the commands that need them, so that `mesa-lab --help` and a mistyped option answer at once.

Exit codes, the same for all commands: 0 it did what it says; 1 it could not, and says why; 2 the
command line is wrong; 3 the study is complete, but some of its runs failed; 4 `compare` found a change; 5 a claim fails, 6 one
cannot be told yet; 130 Ctrl-C, 143 SIGTERM.
"""

import sys
import tempfile
import traceback
import warnings
from typing import Any

import click

from mesa_lab import __version__
from mesa_lab.cli.app import app
from mesa_lab.cli.check import check, rescue
from mesa_lab.cli.claims import check_claims
from mesa_lab.cli.classroom import classroom
from mesa_lab.cli.compare import compare
from mesa_lab.cli.conclude import conclude
from mesa_lab.cli.console import printable
from mesa_lab.cli.debug import debug
from mesa_lab.cli.design import design
from mesa_lab.cli.export import export, report
from mesa_lab.cli.merge import merge
from mesa_lab.cli.models import models, new
from mesa_lab.cli.run import resume, retry, run
from mesa_lab.cli.status import pause, status, stop
from mesa_lab.errors import MesaLabError

__all__ = ["cli", "main"]

_INTERRUPTED = 130


class _Commands(click.Group):
    """Lists commands in the order in which a person needs them, and turns errors into one clear line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        if not ctx.params["debug"] and not sys.warnoptions:
            warnings.simplefilter("ignore")  # a library's advice to its developers is noise to its users
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            ctx.exit(_INTERRUPTED)
        except Exception as error:
            if ctx.params["debug"]:
                traceback.print_exc()
            expected = ctx.params["debug"] or isinstance(error, MesaLabError)
            said = str(error) if expected else _unexpected(error)
            raise click.ClickException(printable(said)) from error


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="mesa-lab COMMAND --help says more, with examples.",
)
@click.version_option(__version__, prog_name="mesa-lab")
@click.option("--debug", is_flag=True, envvar="MESA_LAB_DEBUG", help="Show the traceback of an error.")
@click.pass_context
def cli(context: click.Context, debug: bool) -> None:
    """Design, run and understand experiments on Mesa agent-based models.

    \b
      mesa-lab                                 open the app in the browser
      mesa-lab models                          which models there are
      mesa-lab new mesa.examples:Schelling     write an experiment file to edit
      mesa-lab run schelling.toml              run it; run it again to go on
      mesa-lab report schelling.study          see the results
    """
    if context.invoked_subcommand is None:
        context.invoke(app)


for _command in (
    app,
    classroom,
    models,
    new,
    design,
    run,
    resume,
    status,
    pause,
    stop,
    retry,
    debug,
    merge,
    conclude,
    check_claims,
    export,
    report,
    compare,
    check,
    rescue,
):
    cli.add_command(_command)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows no "×" or "±" gets a "?" instead of a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    from mesa_lab.running.interruption import ENDING, Interruption
    from mesa_lab.spared_imports import spare_grammars

    spare_grammars()
    with Interruption(ENDING, for_good=True) as interruption:
        try:
            cli(prog_name="mesa-lab")
        except KeyboardInterrupt:  # before or after the command itself
            click.echo("Interrupted.", err=True)
            sys.exit(_code_of(interruption.came))
        except SystemExit as error:
            if error.code == _INTERRUPTED:
                error.code = _code_of(interruption.came)
            raise


def _code_of(number: int | None) -> int:
    """The exit code of a command that a signal ended, as a shell has it."""
    return _INTERRUPTED if number is None else 128 + number


def _unexpected(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}".strip()
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="mesa-lab-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(f"mesa-lab {__version__}, Python {sys.version}\n{sys.argv[1:]}\n\n")
            traceback.print_exception(error, file=file)
    except OSError:
        return f"Unexpected {text}\nThis is a fault in Mesa Lab. Repeat the command as 'mesa-lab --debug ...' and report what it shows."
    return f"Unexpected {text}\nThis is a fault in Mesa Lab. Please report it with the details in {file.name}"
