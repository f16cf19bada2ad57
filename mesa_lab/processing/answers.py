"""Answers: the questions that can be asked of results, each a method.

This is the signature that an editor completes; what answers a question is in `analysis/`, one file or folder each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesa_lab.processing.reading import Reader

if TYPE_CHECKING:
    from mesa_lab.processing.analysis.conclusion import Conclusion

__all__ = ["Answers"]


class Answers(Reader):
    """Results that answer questions."""

    def conclusions(self, outcome: str | None = None) -> list[Conclusion]:
        """Answer all questions that these results can answer.

        Args:
            outcome: What to ask about; None takes the first outcome that is a number.

        Returns:
            The conclusions, best first: what the design was made for comes before what it can also say.

        Raises:
            OutcomeError: If the outcome is unknown.
        """
        from mesa_lab.processing.analysis.shelf import conclusions

        return list(conclusions(self, outcome))
