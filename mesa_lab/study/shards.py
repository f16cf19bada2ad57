"""Shards: an experiment split into parts that machines with no scheduler in common run each by itself.

Which runs a shard has follows from their numbers alone, so that every machine works it out without asking the others.
This module is arithmetic: it knows neither files nor experiments.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import StudyError

__all__ = ["Shard", "mixed"]

_MOST: Final = 100_000


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """One of several parts of an experiment's runs.

    Runs are dealt like cards: each hand of `of` runs in a row goes to `of` different shards, in an order that is shuffled
    anew for each hand. So shards differ by one run at most, neighbours in the design and replications of a point lie
    apart, and no shard gets the same corner again and again, as it would if every eighth run had the slowest level.

    Where somebody looks at the results of one part alone, as a student of a class does, whole replications are dealt
    instead: the second of eight has the replications 1, 9, 17 … (counted from 0) of every point, each point as often.

    Args:
        number: Which, from 1.
        of: How many there are.
        in_replications: Whether whole replications are dealt, and not single runs.

    Raises:
        StudyError: If there is no such part.

    Example:
        >>> Shard(2, 8).described
        'shard 2 of 8'
    """

    number: int
    of: int
    in_replications: bool = False

    def __post_init__(self) -> None:
        whole = all(
            hasattr(value, "__index__") and type(value) is not bool for value in (self.number, self.of)
        )
        if whole:  # integers of numpy too
            for name in ("number", "of"):
                object.__setattr__(self, name, operator.index(getattr(self, name)))
        if not whole or not 1 <= self.number <= self.of <= _MOST:
            raise StudyError(
                f"There is no shard {self.number}/{self.of}. Write which one of how many, such as 2/8: they count from 1, "
                f"and there are {_MOST:,} at most."
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a shard from text such as `2/8`.

        Raises:
            StudyError: If it says something else.
        """
        match = re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", text, re.ASCII)
        if match is None:
            raise StudyError(f"'{text}' is no shard. Write which one of how many, such as 2/8.")
        return cls(int(match[1]), int(match[2]))

    @property
    def described(self) -> str:
        """The shard in words."""
        return f"shard {self.number} of {self.of}"

    def picks(
        self, run_id: npt.NDArray[np.int64], replication: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.bool_]:
        """Tell which runs belong to this shard, however it deals.

        Args:
            run_id: Numbers of runs of the whole experiment, ascending.
            replication: The replication of each.

        Example:
            >>> Shard(2, 2, in_replications=True).picks(np.arange(4), np.array([0, 0, 1, 1])).tolist()
            [False, False, True, True]
        """
        return replication % self.of == self.number - 1 if self.in_replications else self.has(run_id)

    def has(self, run_id: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Tell which runs belong to this shard, where single runs are dealt.

        Args:
            run_id: Numbers of runs of the whole experiment.

        Example:
            >>> int(Shard(2, 8).has(np.arange(80)).sum())
            10
        """
        mine = np.zeros(len(run_id), np.bool_)
        hands = run_id // self.of
        whole = hands[np.flatnonzero(np.diff(hands, prepend=-1))]  # each hand once: run_id ascends
        rows = max(1, 1_000_000 // self.of)
        for start in range(0, len(whole), rows):
            some = whole[start : start + rows]
            cards = some[:, None] * self.of + np.arange(self.of)
            place = np.argsort(mixed(cards), axis=1, kind="stable")[:, self.number - 1]
            mine |= np.isin(run_id, some * self.of + place, assume_unique=True)
        return mine


def mixed(number: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Return a well-mixed word for each number: the finaliser of SplitMix64 (Steele, Lea and Flood, 2014)."""
    word = number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))
