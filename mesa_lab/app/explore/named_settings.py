"""Named settings: kept, gone back to, compared, made a design."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import solara

from mesa_lab.app.components.controls import Action, TextInput
from mesa_lab.app.components.html import tag
from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import label, number

if TYPE_CHECKING:
    from mesa_lab.exploring.session import Session
    from mesa_lab.preparation.experiment import Experiment

__all__ = ["NamedSettings"]


@solara.component
def NamedSettings(
    session: Session,
    outcomes: Sequence[str],
    on_move: Callable[[Mapping[str, Any]], None],
    on_design: Callable[[Experiment, str], None] | None,
    version: int,
) -> None:
    """Keep settings and do something with them.

    Args:
        session: The session.
        outcomes: What is shown of each.
        on_move: Called with a setting to go to.
        on_design: Called with an experiment made of settings, and where it comes from; None offers none.
        version: Changes when anything was measured or named.
    """
    name, set_name = solara.use_state("")
    picked, set_picked = solara.use_state(())
    problem, set_problem = solara.use_state("")
    names = tuple(session.remembered)
    picked = tuple(each for each in picked if each in names)

    def remember(called: str) -> None:
        session.remember(called)
        set_name("")

    def pick(each: str) -> None:
        kept = tuple(one for one in picked if one != each)
        set_picked(kept if each in picked else (*kept, each)[-2:])

    def make(experiment: Callable[[], Experiment], source: str) -> None:
        try:
            if on_design is not None:
                on_design(experiment(), source)
        except MesaLabError as error:
            set_problem(str(error))

    with tag("div", "ml-actions"):
        TextInput("Name of this setting", name, set_name, on_enter=remember, classes="ml-ex-name")
        Action("Remember", lambda: remember(name), icon="mdi-plus", kind="tonal")
        if on_design is not None and names:
            Action(
                "As a design",
                lambda: make(session.design, "The settings that you remembered"),
                icon="mdi-table",
            )
        if on_design is not None and len(picked) == 2:
            Action(
                f"Compare {picked[0]} and {picked[1]}",
                lambda: make(lambda: session.comparison(*picked), "The comparison of two settings"),
                icon="mdi-arrow-right",
                kind="primary",
            )
    if problem:
        tag("p", "ml-error-text", problem, role="alert")
    if not names:
        use = "are kept, and gone back to" if on_design is None else "can be compared, and become a design"
        tag("p", "ml-quiet", f"Nothing is remembered yet. Settings that you name here {use}.")
        return
    with tag("div", "ml-table-frame"), tag("table", "ml-table"):
        with tag("thead"), tag("tr"):
            for title in (
                "Setting",
                *(label(dial.name) for dial in session.dials),
                *map(label, outcomes),
                "",
            ):
                tag("th", "", title, attributes={"scope": "col"})
        with tag("tbody"):
            for each in names:
                setting = session.remembered[each]
                with tag("tr").key(each):
                    with tag("th", "", attributes={"scope": "row"}):
                        Action(
                            each,
                            lambda each=each: pick(each),
                            kind="tonal" if each in picked else "",
                            icon="mdi-check" if each in picked else "",
                            title="Choose two to compare them",
                        )
                    for dial in session.dials:
                        tag("td", "ml-number", dial.text(setting[dial.name]))
                    for outcome in outcomes:
                        reading = session.reading(outcome, setting)
                        known = reading.kind != "unknown"
                        tag("td", "ml-number", f"{number(reading.mean, 4)} {reading.kind}" if known else "–")
                    with tag("td"), tag("div", "ml-actions"):
                        Action("Go there", lambda setting=setting: on_move(setting))
                        Action(
                            "",
                            lambda each=each: session.forget(each),
                            icon="mdi-trash-can-outline",
                            spoken=f"Forget {each}",
                        )
