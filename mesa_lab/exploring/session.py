"""A session of exploring: a model, or a study of one, and a setting that is moved about in it.

What is measured is kept in a study of its own, whose points are chosen by hand (`search.methods.by_hand`): beside the study that is
explored, whose results are used and never changed. The file is made when the first run is asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from mesa_lab.errors import ParameterError
from mesa_lab.exploring.dials import broken_by, dials_of, explorable, settled
from mesa_lab.exploring.emulator import least_points
from mesa_lab.exploring.measured import Measured, Ran
from mesa_lab.exploring.profiles import Profile, Reading, Surface, profiles_of, reading_of, surface_of
from mesa_lab.exploring.remembered import Remembered, clean_name, noted
from mesa_lab.exploring.runner import LADDER, Piece, Runner, State
from mesa_lab.exploring.session_file import opened, read_base, read_notes, read_own, read_search, session_of
from mesa_lab.exploring.spread import spread, survey_points
from mesa_lab.exploring.surfaces import Surfaces
from mesa_lab.exploring.workplace import OwnProcess, Workplace
from mesa_lab.study import Study

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment

__all__ = ["Session"]

_SURVEY_ROUNDS: Final = 2


class Session:
    """A session of exploring.

    Args:
        experiment: What is explored: its parameters that vary are turned, its design is not used.
        path: Where its study is, or is to be made when the first run is asked for.
        base: Another study of the same model whose results are used, in the same folder.
        workplace: Where runs are carried out; None for a process of the session's own.

    Raises:
        ParameterError: If nothing varies.
        StudyError: If there is a file at that place that is no session of exploring.

    Example:
        >>> import mesa_lab as ml
        >>> from mesa_lab.exploring.session import Session
        >>> experiment = ml.Experiment("mesa.examples:Schelling", {"density": ml.Real(0.5, 0.9)}, max_steps=5)
        >>> session = Session(experiment, "schelling_explore.study")
        >>> session.setting
        {'density': 0.7}
    """

    def __init__(
        self,
        experiment: Experiment,
        path: str | Path,
        base: Path | None = None,
        workplace: Workplace | None = None,
    ) -> None:
        self.experiment = explorable(experiment)
        self.path = Path(path).absolute()  # a notebook may go to another folder meanwhile
        self.base = base = base and base.absolute()
        self.space = self.experiment.space
        self.dials = dials_of(self.space)
        self.measured = Measured(self.space, self.dials)
        self.state = State()
        self._lock = threading.RLock()
        self._listeners: list[Callable[[], None]] = []
        self._surfaces = Surfaces(self.measured, self._lock)
        self._remembered = Remembered({})
        self._exists = self.path.exists()
        if base is not None:
            read_base(base, self.measured, self._surfaces)
        if self._exists:
            self._remembered = read_notes(self.path, self.dials)
            read_own(self.path, self.measured, self._remembered.searches)
        here = self._remembered.here
        self.setting: dict[str, Any] = dict(here) if here is not None else self._start()
        self._runner = Runner(self._opened, self._hear, self._note_state, workplace or OwnProcess())

    @classmethod
    def of_study(cls, path: str | Path, workplace: Workplace | None = None) -> Self:
        """Explore a study: go on with a session, or begin one beside any other study.

        Args:
            path: The study.
            workplace: Where runs are carried out; None for a process of the session's own.

        Raises:
            StudyError: If there is none.
            ParameterError: If nothing varies in it.
        """
        described, own, base = session_of(Path(path))
        return cls(described, own, base, workplace)

    # ------------------------------------------------------------ the setting

    def move(self, setting: Mapping[str, Any]) -> None:
        """Go to another setting; runs of the one before are given up.

        Args:
            setting: Values by name; parameters that are not named stay.

        Raises:
            ParameterError: If a value is none of its parameter's.
        """
        moved = settled(self.dials, {**self.setting, **setting})
        with self._lock:
            if moved == self.setting:
                return
            self.setting = moved
        self._runner.leave()

    def rest(self, most: int = LADDER[-1]) -> bool:
        """Measure the current setting: one run, then three, eight, twenty-five, for as long as one stays.

        Args:
            most: Replications at most.

        Returns:
            Whether anything is left to run.
        """
        setting = dict(self.setting)
        problem = self.broken(setting)
        if problem:
            return False
        have = self.measured.n_at(setting)
        if have >= most or self._all_failed(setting):
            return False

        here = noted("here", "", setting)

        def pieces(count: int) -> Piece | None:
            done = self.measured.n_at(setting)
            if done >= most or self._all_failed(setting):
                return None
            rung = next(rung for rung in (*LADDER, most) if rung > done)
            return Piece(setting, done, min(done + count, rung, most), here if done == have else {})

        self._runner.ask(pieces, "this setting", most - have)
        return True

    def survey(self, points: int | None = None) -> int:
        """Run settings all over the ranges, so that there are curves to look at.

        Args:
            points: How many; None for as many as the number of parameters asks for.

        Returns:
            How many runs that is.
        """
        count = points or survey_points(len(self.dials))
        settings = spread(self.measured, count, self.experiment.seed, _SURVEY_ROUNDS)
        queue = [Piece(setting, turn, turn + 1) for turn in range(_SURVEY_ROUNDS) for setting in settings]
        queue = [piece for piece in queue if self.measured.n_at(piece.setting) <= piece.first]
        waiting = iter(queue)
        self._runner.ask(lambda _: next(waiting, None), "all over the ranges", len(queue))
        return len(queue)

    @property
    def survey_runs(self) -> int:
        """How many runs `survey` asks for."""
        return survey_points(len(self.dials)) * _SURVEY_ROUNDS

    def rest_or_reason(self) -> str:
        """Measure the current setting, or say why it cannot be."""
        broken = self.broken(self.setting)
        if broken:
            return f"This setting breaks a constraint ({broken}): nothing is run here."
        self.rest()
        return ""

    def stop(self) -> None:
        """Give up what is being run."""
        self._runner.leave()

    def broken(self, setting: Mapping[str, Any]) -> str:
        """Return the constraint that a setting breaks; empty when it keeps all."""
        return broken_by(self.space, setting)

    # ------------------------------------------------------------ what comes out

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes that were measured and are numbers."""
        return self.measured.outcomes

    def profiles(self, outcomes: Sequence[str], setting: Mapping[str, Any] | None = None) -> list[Profile]:
        """Return the curves of outcomes along each parameter through a setting, the current one unless another is given."""
        with self._lock:
            emulators = {name: self._surfaces.of(name) for name in outcomes}
            return profiles_of(self.dials, setting or self.setting, outcomes, emulators, self.measured)

    def reading(self, outcome: str, setting: Mapping[str, Any] | None = None) -> Reading:
        """Return an outcome at a setting: measured, or else predicted."""
        where = setting or self.setting
        with self._lock:
            known = reading_of(where, outcome, None, self.measured)
            if known.n > 1:  # no surface is needed
                return known
            return reading_of(where, outcome, self._surfaces.of(outcome), self.measured)

    def surface(self, outcome: str, across: str, up: str) -> Surface | None:
        """Return an outcome over two parameters through the current setting; None where nothing can be predicted yet."""
        with self._lock:
            emulator = self._surfaces.of(outcome)
            if emulator is None:
                return None
            return surface_of(self.dials, self.setting, emulator, self.measured, across, up)

    def refresh(self, outcomes: Sequence[str]) -> bool:
        """Fit surfaces to what has been measured since; call it in a thread of its own.

        Returns:
            Whether any has changed.
        """
        changed = [self._surfaces.refresh(name) for name in outcomes]
        return any(changed)

    def is_rough(self, outcomes: Sequence[str]) -> bool:
        """Whether any of these surfaces was fitted quickly, to be seen at once."""
        return any(map(self._surfaces.is_rough, outcomes))

    def refine(self, outcomes: Sequence[str]) -> None:
        """Fit surfaces that are rough with all care; call it in a thread of its own, and `refresh` after it."""
        for name in outcomes:
            self._surfaces.refine(name)

    def prepare(self, *, early: bool = False) -> None:
        """Have a worker process started, since a run is about to be asked for.

        Args:
            early: Whether that is not sure yet: then only where nobody else is in need of the machine.
        """
        self._runner.prepare(early=early)

    @property
    def missing(self) -> int:
        """How many settings more must be measured before there are curves; 0 when there are enough."""
        return max(least_points(len(self.dials)) - len(self.measured.settings), 0)

    # ------------------------------------------------------------ named settings

    @property
    def remembered(self) -> Mapping[str, Mapping[str, Any]]:
        """The named settings."""
        return self._remembered.settings

    def remember(self, name: str = "") -> str:
        """Keep the current setting under a name, and return the name."""
        with self._lock:
            name = clean_name(name, self.remembered)
            self._remembered = replace(
                self._remembered, settings={**self.remembered, name: dict(self.setting)}
            )
        self._runner.note(f"Remembered: {name}", noted("remember", name, self.setting))
        self._announce()
        return name

    def forget(self, name: str) -> None:
        """Take a named setting off the list; what was measured there stays.

        Raises:
            ParameterError: If there is none of that name.
        """
        with self._lock:
            self._known(name)
            kept = {key: value for key, value in self.remembered.items() if key != name}
            self._remembered = replace(self._remembered, settings=kept)
        self._runner.note(f"Forgot: {name}", noted("forget", name))
        self._announce()

    def comparison(self, first: str, second: str, replications: int = 20) -> Experiment:
        """Return the experiment that compares two named settings: in pairs, each with the same seed at both.

        Raises:
            ParameterError: If there is no setting of such a name.
        """
        rows = [self._known(name) for name in (first, second)]
        if rows[0] == rows[1]:
            raise ParameterError(
                f"'{first}' and '{second}' are the same setting: there is nothing to compare."
            )
        return self.experiment.replace(design=rows, replications=replications, common_random_numbers=True)

    def here(self, replications: int = LADDER[-1]) -> Experiment:
        """Return the experiment that measures the current setting alone."""
        return self.experiment.replace(design=[dict(self.setting)], replications=replications)

    def design(self, replications: int = 10) -> Experiment:
        """Return the experiment whose points are the named settings.

        Raises:
            ParameterError: If there are none.
        """
        rows = [dict(setting) for setting in self.remembered.values()]
        if not rows:
            raise ParameterError("No setting is remembered yet. Remember one first.")
        unique = [row for place, row in enumerate(rows) if row not in rows[:place]]
        return self.experiment.replace(design=unique, replications=replications)

    # ------------------------------------------------------------ searches

    @property
    def searches(self) -> tuple[str, ...]:
        """Names of the files of searches that began here, in the order in which they did."""
        return self._remembered.searches

    def hand_over(self, path: Path) -> None:
        """Note that a search has begun here; its study lies beside this one's."""
        with self._lock:
            names = tuple(dict.fromkeys((*self.searches, path.name)))
            self._remembered = replace(self._remembered, searches=names)
        self._runner.note(f"Handed over to {path.stem}", noted("search", path.name))
        self._announce()

    def take_in(self, path: Path) -> None:
        """Use the results of a search that began here; those that are known already are not counted again."""
        with self._lock:
            read_search(self.path if self.path.exists() else path, path, self.measured)
        self._announce()

    # ------------------------------------------------------------ listening, ending

    def listen(self, told: Callable[[], None]) -> Callable[[], None]:
        """Have a function called when anything has changed, in whatever thread; returns what ends it."""
        self._listeners.append(told)
        return lambda: self._listeners.remove(told) if told in self._listeners else None

    @property
    def is_kept(self) -> bool:
        """Whether there is a study of this session by now."""
        return self._exists

    @property
    def is_running(self) -> bool:
        """Whether anything is being run."""
        return self.state.running

    def close(self) -> None:
        """End what is being run; what is done is on disk."""
        if self._exists or self.measured.n_runs:
            self._note_here()
        self._runner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------ inside

    def _note_here(self) -> None:
        if self._exists and self._remembered.here != self.setting:
            self._remembered = replace(self._remembered, here=dict(self.setting))
            self._runner.note("Stayed here.", noted("here", "", self.setting))

    def _opened(self) -> Study:
        """Open the session's study, made when there is none yet; called in the runner's thread."""
        study = opened(self.path, self.experiment, self.base, was_there=self._exists)
        self._exists = True
        return study

    def _start(self) -> dict[str, Any]:
        """Where one begins: at the middle of all ranges, or near it where that breaks a constraint."""
        middle = {dial.name: dial.read(self.space.base[dial.name]) for dial in self.dials}
        if not self.broken(middle):
            return middle
        return next(iter(spread(self.measured, 1, self.experiment.seed, _SURVEY_ROUNDS)), middle)

    def _all_failed(self, setting: Mapping[str, Any]) -> bool:
        """Whether all runs of a setting failed, three at least: a fourth would too."""
        return self.measured.failures_at(setting)[0] == self.measured.n_at(setting) >= 3

    def _known(self, name: str) -> dict[str, Any]:
        if name not in self.remembered:
            raise ParameterError(
                f"No setting is called '{name}'. There are: {', '.join(self.remembered) or 'none'}."
            )
        return dict(self.remembered[name])

    def _hear(self, ran: Ran) -> None:
        with self._lock:
            self.measured.add(ran)
        self._announce()

    def _note_state(self, state: State) -> None:
        self.state = state
        self._announce()

    def _announce(self) -> None:
        for told in list(self._listeners):
            told()
