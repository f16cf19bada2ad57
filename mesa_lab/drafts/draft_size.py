"""The size of a draft: what is larger than a page can show is refused before it is taken up, wherever it comes from.

A page has some elements for each parameter, outcome and design, and reads all of them anew for each thing that is typed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mesa_lab.errors import ExperimentError
from mesa_lab.preparation.limits import (
    CONSTRAINTS,
    DESIGN_DEPTH,
    DESIGNS,
    FILE_BYTES,
    LISTED,
    NAME_CHARACTERS,
    OUTCOMES,
    PARAMETERS,
    VALUE_CHARACTERS,
)

if TYPE_CHECKING:
    from mesa_lab.drafts.draft import DesignDraft, Draft

__all__ = ["check_size"]

_LIST_CHARACTERS = 20 * LISTED


def check_size(draft: Draft, source: str = "The design") -> None:
    """Refuse a draft that is too large for a page.

    Args:
        draft: What was typed, linked or loaded.
        source: How to call it in the message.

    Raises:
        ExperimentError: If there is too much of something; says of what, and how much may be.
    """
    for count, most, what in (*_counts(draft), *_lengths(draft)):
        if count > most:
            raise ExperimentError(
                f"{source} has {count:,} {what}; a page takes {most:,}. Write an experiment file, and run it from the terminal."
            )


def _counts(draft: Draft) -> Iterator[tuple[int, int, str]]:
    yield len(draft.rows), PARAMETERS, "parameters"
    yield (
        max((len(row.arguments) for row in draft.rows), default=0),
        PARAMETERS,
        "arguments of a distribution",
    )
    yield len(draft.outcomes), OUTCOMES, "outcomes"
    yield len(draft.claims), OUTCOMES, "claims"
    yield len(draft.agent_names), OUTCOMES, "attributes of agents"
    yield draft.constraints.count("\n"), CONSTRAINTS, "lines of constraints"
    level, depth, designs = [draft.design], 0, 0
    while level:
        depth, designs = depth + 1, designs + len(level)
        yield designs, DESIGNS, "designs within its design"
        yield depth, DESIGN_DEPTH, "designs within each other"
        for design in level:
            yield (
                max(len(design.fields), len(design.fixed), len(design.vary)),
                2 * PARAMETERS,
                "settings of a design",
            )
        level = [part for design in level for part in design.parts]


def _lengths(draft: Draft) -> Iterator[tuple[int, int, str]]:
    names = [*(row.name for row in draft.rows), *(text for pair in draft.outcomes for text in pair)]
    names += [draft.model, *draft.agent_names, *(text for pair in draft.claims for text in pair)]
    yield max(map(len, names)), NAME_CHARACTERS, "characters in a name"
    lists = [text for row in draft.rows for text in (row.levels, row.choices)]
    lists += [draft.seeds, draft.constraints]
    yield max(map(len, lists)), _LIST_CHARACTERS, "characters in a list"
    values = [
        text for row in draft.rows for text in (row.fixed, row.low, row.high, row.step, row.distribution)
    ]
    values += [text for row in draft.rows for pair in row.arguments for text in pair]
    values += [
        draft.question,
        draft.replications,
        draft.seed,
        draft.max_steps,
        draft.max_time,
        draft.stop_when,
        draft.timeout,
    ]
    values += [
        text for design in _designs(draft.design) for pair in (*design.fields, *design.fixed) for text in pair
    ]
    yield max(map(len, values)), VALUE_CHARACTERS, "characters in a value"
    yield (
        sum(len(design.points) for design in _designs(draft.design)),
        FILE_BYTES,
        "characters in tables of points",
    )


def _designs(design: DesignDraft) -> Iterator[DesignDraft]:
    yield design
    for part in design.parts:
        yield from _designs(part)
