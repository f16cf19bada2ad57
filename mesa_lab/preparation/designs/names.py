"""What designs are called elsewhere, for those who write a name where a design belongs."""

import difflib
import re
from collections.abc import Iterable
from typing import Final

__all__ = ["EXAMPLES", "meant", "near_design"]

EXAMPLES: Final = {
    "FullFactorial": "FullFactorial(levels=5)",
    "OneAtATime": "OneAtATime(levels=5)",
    "LatinHypercube": "LatinHypercube(64)",
    "Sobol": "Sobol(64)",
    "Halton": "Halton(64)",
    "MonteCarlo": "MonteCarlo(64)",
    "SparseGrid": "SparseGrid(level=2)",
    "Zip": "Zip()",
}
"""How the designs are made that need nothing but a size."""

_OTHER_NAMES: Final = {
    word: name
    for name, words in {
        "FullFactorial": "factorial full fullfact grid gridsearch cartesian product",
        "OneAtATime": "oat ofat ofaat basecase onefactoratatime oneatatime",
        "LatinHypercube": "lhs lhc lhd latin latinhypercubesampling hypercube",
        "Sobol": "sobolsequence saltelli",
        "Halton": "haltonsequence",
        "MonteCarlo": "mc random uniform randomsearch montecarlosampling",
        "SparseGrid": "smolyak sparse",
    }.items()
    for word in words.split()
}


def meant(text: str, known: Iterable[str]) -> str | None:
    """Return the design that a name stands for, or is nearest to.

    Args:
        text: What was written, such as "lhs" or "latin hypercube".
        known: The names of the designs that there are.

    Example:
        >>> meant("lhs", ["LatinHypercube"]), meant("Latin Hypercube", ["LatinHypercube"]), meant("points", ["Sobol"])
        ('LatinHypercube', 'LatinHypercube', None)
    """
    word = re.sub(r"[^a-z]", "", text.lower())
    names = _OTHER_NAMES | {name.lower(): name for name in known}
    near = [word] if word in names else difflib.get_close_matches(word, names, n=1, cutoff=0.75)
    return names[near[0]] if near else None


def near_design(text: str, known: Iterable[str]) -> str:
    """Return a sentence that names the design which was meant, with a leading blank; an empty text when none is near."""
    name = meant(text, known)
    return f" Did you mean '{name}'?" if name else ""
