"""A run in a notebook's cell: the model at a step, with buttons that move it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import MesaLabError
from mesa_lab.viewing.viewer import Frame, Viewer

if TYPE_CHECKING:
    from mesa_lab.study import Study

__all__ = ["RunView", "watch_run"]

_SPEEDS: Final = (1, 2, 5, 10)


class RunView:
    """A run that is watched in a notebook: make it the last line of a cell.

    Args:
        viewer: The run; the view closes it with `close`, and with itself.
        step: The step to begin at.

    Attributes:
        frame: What is shown now; None before the first picture.
    """

    def __init__(self, viewer: Viewer, step: int = 0) -> None:
        self._viewer = viewer
        self.frame: Frame | None = None
        self._box: Any = None
        self._first = step

    def go(self, step: int) -> Frame:
        """Go to a step, or to the end of the run if that comes first, and return what it looks like.

        Raises:
            RunError: If the model has ended its process.
        """
        self.frame = self._viewer.go(step)
        return self.frame

    def close(self) -> None:
        """End the process that carries the run out."""
        self._viewer.close()

    def __del__(self) -> None:
        self._viewer.close()

    def _repr_mimebundle_(self, **words: Any) -> Any:
        """Show it as a widget."""
        if self._box is None:
            self._box = self._widget()
        return self._box._repr_mimebundle_(**words)

    def _widget(self) -> Any:
        import ipywidgets as widgets  # type: ignore[import-untyped]

        said, facts = widgets.Label(), widgets.Label()
        pictures = widgets.HBox([])
        stride = widgets.Dropdown(options=[(f"every {n}", n) for n in _SPEEDS], layout={"width": "110px"})
        where = widgets.IntText(value=self._first, layout={"width": "90px"}, description="")
        play = widgets.Play(min=0, max=10**9, interval=400, show_repeat=False)

        def show(step: int) -> None:
            try:
                frame = self.go(step)
            except MesaLabError as error:
                said.value = str(error)
                return
            said.value = _said(frame)
            values = " · ".join(f"{name} {value}" for name, value in list(frame.collected.items())[:10])
            facts.value = values + ("   (as in the study)" if frame.check == "equal" else f"   {frame.check}")
            pictures.children = [
                widgets.VBox([widgets.Label(each.title), widgets.Image(value=each.png, format="png")])
                if each.png
                else widgets.VBox([widgets.Label(each.title), widgets.Label(each.text)])
                for each in frame.pictures
            ]

        def at() -> int:
            return 0 if self.frame is None else self.frame.step

        def button(icon: str, tip: str, step: Callable[[], int]) -> Any:
            made = widgets.Button(icon=icon, tooltip=tip, layout={"width": "40px"})
            made.on_click(lambda _: show(step()))
            return made

        def advance(change: dict[str, Any]) -> None:
            if change["new"]:  # 0 when it is stopped
                show(at() + stride.value)

        play.observe(advance, "value")
        controls = [
            button("fast-backward", "To the start", lambda: 0),
            button("step-backward", "Step back", lambda: max(0, at() - stride.value)),
            play,
            button("step-forward", "Step forward", lambda: at() + stride.value),
            stride,
            where,
            button("arrow-right", "Go to this step", lambda: max(0, where.value)),
            said,
        ]
        show(self._first)
        return widgets.VBox([widgets.HBox(controls), pictures, facts])


def watch_run(study: Study, run_id: int, step: int = 0) -> RunView:
    """Return a view of a run of a study.

    Args:
        study: The study.
        run_id: The number of the run.
        step: The step to begin at.

    Raises:
        StudyError: If the study has no such run.
        NotAllowedError: If the model's code may not be loaded here.
    """
    return RunView(Viewer.of_study(study, run_id), step)


def _said(frame: Frame) -> str:
    if frame.problem:
        return f"Step {frame.step:,}. {frame.problem}"
    return f"Step {frame.step:,}" + (", the end of the run" if frame.is_over else "")
