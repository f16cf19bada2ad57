"""Optimise: the setting at which outcomes are smallest or largest, found despite chance and confirmed with fresh seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, override

from mesa_lab.errors import ExperimentError, suggest
from mesa_lab.formatting import listing, number, percent, plural
from mesa_lab.preparation.expressions.parse import compile_expression
from mesa_lab.preparation.limits import shortened
from mesa_lab.preparation.settings import check_flag, check_whole
from mesa_lab.processing.analysis.smooth_surface import IMPORTED
from mesa_lab.search.engines import find_engine, require_engine
from mesa_lab.search.method import Answer, Ask, Done, Method, Request
from mesa_lab.search.new_points import nothing_left
from mesa_lab.search.racing import CONFIRM, DONE, EXPLORE, SELECT, Race, Shares, shares_of
from mesa_lab.search.sameness import all_the_same

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.search.history import History

__all__ = ["Optimise"]

_GOALS = ("min", "max")


@dataclass(frozen=True)
class Optimise(Method):
    """Find the setting at which an outcome is smallest or largest, despite chance.

    New points get few runs, and those that may still be the best get more, with the same seeds as their rivals where the
    experiment has common random numbers. All runs together make a smooth surface, from which half of the new points come, the other half
    from the engine. At the end the last few are run again, and the winner once more with fresh seeds: what is reported as the result is
    the mean of these runs alone, since the value that made a point win flatters it.

    Several outcomes make a front: the settings at which no outcome can be bettered without losing in another.

    Args:
        outcome: What is optimised; or several outcomes, each with its goal: `{"cost": "min", "welfare": "max"}`.
        goal: "min" or "max", for a single outcome.
        engine: Where new points come from: "tpe", "cma-es" (numbers only, from about six on), "nsga2" (several outcomes and many
            points) or "random". The first three need `pip install 'mesa-lab[search]'`.
        replications: Runs of a new point.
        at_most: Runs of a point while it is a contender.
        subject_to: Conditions on outcomes, such as `["Wolves > 0"]`. The text is parsed, never run.
        holds_in: In which share of the runs of a setting they must hold.
        confirm: Fresh runs of the winner, or of each point of the front; None for what a fifth of the budget allows.
        racing: Whether contenders get more runs; without, every point has `replications`.
        surface: Whether a smooth surface through all runs helps to find new points and to choose among them.

    Raises:
        ExperimentError: If a setting makes no sense.

    Example:
        >>> Optimise("loss", goal="min").outcomes
        ('loss',)
        >>> Optimise({"cost": "min", "welfare": "max"}, engine="nsga2").outcomes
        ('cost', 'welfare')
    """

    outcome: str | Mapping[str, str]
    goal: str = "min"
    engine: str = "tpe"
    replications: int = 3
    at_most: int = 25
    subject_to: Sequence[str] = ()
    holds_in: float = 0.9
    confirm: int | None = None
    racing: bool = True
    surface: bool = True

    name: ClassVar[str] = "optimise"
    needs_budget: ClassVar[bool] = True

    def __post_init__(self) -> None:
        settle = object.__setattr__
        if not self.outcome or not isinstance(self.outcome, str | Mapping):
            raise ExperimentError(
                f"Optimise is given {shortened(self.outcome, 60)}. Name an outcome, such as Optimise('loss'), or several with their "
                "goals: Optimise({'cost': 'min', 'welfare': 'max'})."
            )
        for name, goal in self.goals.items():
            if goal not in _GOALS:
                raise ExperimentError(
                    f'The goal for \'{name}\' is {shortened(goal, 40)}. Write "min" or "max".{suggest(str(goal), _GOALS)}'
                )
        for name, least in (("replications", 1), ("at_most", 1), ("confirm", 0)):
            settle(
                self, name, check_whole(name, getattr(self, name), least=least, optional=name == "confirm")
            )
        settle(self, "at_most", max(self.at_most, self.replications))
        if isinstance(self.subject_to, str):
            settle(self, "subject_to", (self.subject_to,))
        if not isinstance(self.subject_to, Iterable):
            raise ExperimentError(
                f"subject_to is {shortened(self.subject_to)}. Write conditions, such as subject_to=['happy > 3']."
            )
        settle(self, "subject_to", tuple(self.subject_to))
        for text in self.subject_to:
            compile_expression(text)
        share = self.holds_in
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            raise ExperimentError(
                f"holds_in is {shortened(share)}. Give a share of runs above 0 and up to 1, such as 0.9."
            )
        for name in ("racing", "surface"):
            settle(self, name, check_flag(name, getattr(self, name)))
        engine = find_engine(self.engine)
        if len(self.goals) > 1 and not engine.several:
            raise ExperimentError(
                f"The engine '{self.engine}' takes one outcome, and there are {len(self.goals)}: "
                f"{listing(list(self.goals))}. Use engine='nsga2' or 'tpe'."
            )

    @property
    def needs_later(self) -> tuple[str, ...]:  # type: ignore[override]
        """What the surface and the engine import."""
        surface = IMPORTED if self.surface and len(self.goals) == 1 else ()
        return (*surface, *find_engine(self.engine).imports)

    @property
    def goals(self) -> dict[str, str]:
        """The goal of each outcome that is optimised."""
        return {self.outcome: self.goal} if isinstance(self.outcome, str) else dict(self.outcome)

    @property
    @override
    def outcomes(self) -> tuple[str, ...]:
        named = [name for text in self.subject_to for name in compile_expression(text).names]
        return tuple(dict.fromkeys([*self.goals, *named]))

    @property
    @override
    def described(self) -> str:
        if len(self.goals) > 1:
            return f"for the front of {listing(list(self.goals))}"
        return f"for the {'smallest' if self.goal == 'min' else 'largest'} {self.outcome}"

    @override
    def check(self, experiment: Experiment) -> None:
        find_engine(self.engine).check(experiment.space)

    @override
    def ask(self, history: History) -> Answer:
        race = Race(history, self.goals, self.subject_to, self.holds_in, surface=self.surface)
        shares = shares_of(history, self.confirm, self.replications, several=len(self.goals) > 1)
        if shares.phase == EXPLORE:
            return self._explore(history, race, shares)
        return self._close(history, race, shares)

    def _close(self, history: History, race: Race, shares: Shares) -> Answer:
        """Choose among the last few, then confirm the winner."""
        same = self.sameness(history)
        if same or shares.closing == DONE:
            return Done(f"{same[:1].upper()}{same[1:]}." if same else shares.reason)
        if history.has_pending:
            return Ask(why="Waits for the runs under way before the last few are chosen.")
        if shares.closing == SELECT:
            return self._select(history, race, shares)
        return self._confirm(history, race, shares)

    def _explore(self, history: History, race: Race, shares: Shares) -> Answer:
        room = min(history.batch_runs, shares.explore_left)
        requests: list[Request] = []
        contenders: list[int] = []
        if self.racing and race.n_known and not self.sameness(history):
            contenders = race.contenders(self.at_most, room // 2 // self.replications)
            requests = [Request(point=point, replications=self.replications) for point in contenders]
            room -= self.replications * len(contenders)
        n_new = max(room // self.replications, 0 if requests else 1)
        new = self._new_points(history, race, n_new)
        requests += [Request(values=values, replications=self.replications) for values in new]
        if not requests:
            return self._exhausted(history, race, shares)
        said = [f"tries {plural(len(new), 'new point')}"] if new else []
        if contenders:
            said.append(f"runs {plural(len(contenders), 'contender')} again")
        why = listing(said)
        return Ask(requests, why[:1].upper() + why[1:] + ".", {"phase": EXPLORE, "new": len(new)})

    def _new_points(self, history: History, race: Race, n: int) -> list[Mapping[str, Any]]:
        start = (
            history.base[history.n_points : history.n_points + n]
            if history.n_points < len(history.base)
            else ()
        )
        found = [*start]
        if len(found) < n and self.surface and len(self.goals) == 1 and race.landscape is not None:
            found += race.promising((n - len(found) + 1) // 2, history.rng("surface"))
        if len(found) < n:
            engine = find_engine(self.engine)
            more = engine.propose(race.trials(), n - len(found), history.rng())
            texts = [dict(values) for values in found]
            found += [values for values in more if dict(values) not in texts]
        return found

    def _exhausted(self, history: History, race: Race, shares: Shares) -> Answer:
        if history.has_pending:
            return Ask(why="Every point has been tried; waits for the runs under way.")
        more = race.contenders(self.at_most, max(history.batch_runs // self.replications, 1))
        if more and not self.sameness(history):
            requests = [Request(point=point, replications=self.replications) for point in more]
            return Ask(
                requests, f"Runs {plural(len(more), 'contender')} again.", {"phase": EXPLORE, "new": 0}
            )
        if history.n_points or not history.space.constraints:
            return self._close(history, race, shares)
        return Done(nothing_left(history))

    def _select(self, history: History, race: Race, shares: Shares) -> Answer:
        finalists = race.finalists(shares.finalists)
        if len(finalists) < 2 or shares.select_runs < 1:
            return self._confirm(history, race, shares)
        first = int(history.asked.max())  # seeds that no point has had
        each = max(shares.select_runs // len(finalists), 1)
        requests = [Request(point=point, replications=each, first=first) for point in finalists]
        return Ask(requests, f"Runs the best {len(finalists)} again, with fresh seeds.", {"phase": SELECT})

    def _confirm(self, history: History, race: Race, shares: Shares) -> Answer:
        several = len(self.goals) > 1
        winners = race.front() if several else race.finalists(1)
        if not winners or shares.confirm_runs < 1:
            return Done(shares.reason)
        first = int(history.asked.max())
        each = max(shares.confirm_runs // len(winners), 1)
        requests = [Request(point=point, replications=each, first=first) for point in winners]
        what = f"the {len(winners)} points of the front" if several else "the best setting"
        return Ask(requests, f"Confirms {what} with fresh seeds.", {"phase": CONFIRM, "points": winners})

    @override
    def require(self) -> None:
        require_engine(self.engine)

    @override
    def sameness(self, history: History) -> str:
        same = all_the_same(history, self.goals)
        if not same or self._unkept(history):  # then any setting that keeps the conditions is better
            return ""
        return f"{same}: no setting is better than another"

    @override
    def beside_the_end(self, history: History) -> str:
        return self._unkept(history) or super().beside_the_end(history)

    def _unkept(self, history: History) -> str:
        """Say that no setting keeps the conditions on outcomes; empty where one does, or there are none."""
        race = Race(history, self.goals, self.subject_to, self.holds_in, surface=False)
        if not self.subject_to or not race.n_known or (race.violation[race.usable] <= 0).any():
            return ""
        return f"no setting keeps {listing(list(self.subject_to))} in {percent(self.holds_in)} of its runs"

    @override
    def headline(self, history: History) -> str:
        if len(self.goals) > 1 or not history.known:
            return ""
        race = Race(history, self.goals, self.subject_to, self.holds_in, surface=False)
        best = race.finalists(1)
        if not best:
            return ""
        mean = float(race.means[best[0], 0])
        return f"best so far {number(mean, 3)}"
