"""Generators of two-level fractional factorials: the published ones, and what people write for their own.

A generator says of which base factors an added factor is the product. Factors are letters in the order of the parameters.
"""

import re
import string
from collections.abc import Sequence
from typing import Final

from mesa_lab.errors import DesignError

__all__ = ["CATALOGUE", "full_words", "read_words"]

CATALOGUE: Final[dict[tuple[int, int], str]] = {
    (3, 4): "ab",
    (4, 8): "abc",
    (5, 8): "ab ac",
    (5, 16): "abcd",
    (6, 8): "ab ac bc",
    (6, 16): "abc bcd",
    (6, 32): "abcde",
    (7, 8): "ab ac bc abc",
    (7, 16): "abc bcd acd",
    (7, 32): "abcd abde",
    (7, 64): "abcdef",
    (8, 16): "bcd acd abc abd",
    (8, 32): "abc abd bcde",
    (8, 64): "abcd abef",
    (9, 16): "abc bcd acd abd abcd",
    (9, 32): "bcde acde abde abce",
    (9, 64): "abcd acef cdef",
    (9, 128): "acdfg bcefg",
    (10, 16): "abc bcd acd abd abcd ab",
    (10, 32): "abcd abce abde acde bcde",
    (10, 64): "bcdf acdf abde abce",
    (10, 128): "abcg bcde acdf",
    (11, 16): "abc bcd acd abd abcd ab ac",
    (11, 32): "abc bcd cde acd ade bde",
    (11, 64): "cde abcd abf bdef adef",
    (11, 128): "abcg bcde acdf abcdefg",
}
"""The added factors by numbers of factors and runs: those designs that mix the fewest effects up with one another.

Box, Hunter & Hunter (2005), Statistics for Experimenters, table 6.22; NIST/SEMATECH e-Handbook, section 5.3.3.4.7.
"""

_WORD: Final = re.compile(r"[+-]?[a-z]+")


def added_words(factors: int, runs: int) -> str | None:
    """Return the published generators of a design, None where the catalogue has none."""
    return CATALOGUE.get((factors, runs))


def read_words(text: str | Sequence[str]) -> tuple[str, ...]:
    """Return generators as lower-case words.

    Args:
        text: `"a b c abc"` with a word for each factor, or `"D = ABC"` with one for each added factor; or a list of words.

    Raises:
        DesignError: If a word is none.

    Example:
        >>> read_words("A B C -AB"), read_words(["D = ABC"])
        (('a', 'b', 'c', '-ab'), ('abc',))
    """
    parts = [text] if isinstance(text, str) else text
    if not isinstance(parts, Sequence) or not all(isinstance(part, str) for part in parts):
        raise DesignError(
            f"FractionalFactorial has generators={text!r}. Write them as text, such as 'a b c abc' or 'd = abc'."
        )
    words = [
        word.rpartition("=")[2]
        for part in parts
        for word in re.sub(r"\s*=\s*", "=", part.lower()).replace(",", " ").split()
    ]
    for word in words:
        if not _WORD.fullmatch(word) or len(set(word)) < len(word):
            raise DesignError(
                f"FractionalFactorial has generators={text!r}, in which '{word}' is no product of factors. Write each letter "
                "once, as in 'abc' or '-abc'."
            )
    if not words:
        raise DesignError(
            "FractionalFactorial has no generators. Write such as 'a b c abc', or leave them out."
        )
    return tuple(words)


def full_words(words: Sequence[str], factors: int) -> str:
    """Return a word for every factor, as pydoe takes them: base factors first where they were left out.

    Args:
        words: From `read_words`.
        factors: How many parameters vary.

    Raises:
        DesignError: If they do not fit the number of parameters, or mix factors up by themselves.

    Example:
        >>> full_words(("abc",), 4)
        'a b c abc'
    """
    if len(words) < factors and all(len(word.lstrip("+-")) > 1 for word in words):
        words = [*string.ascii_lowercase[: factors - len(words)], *words]
    said = " ".join(words)
    if len(words) != factors:
        raise DesignError(
            f"FractionalFactorial has generators for {len(words)} factors, '{said}', but {factors} parameters vary. "
            "Write a word for each parameter, or for each added one."
        )
    bare = [word.lstrip("+-") for word in words]
    base = [word for word in bare if len(word) == 1]
    signed = any(word[0] in "+-" and len(word) == 2 for word in words)
    if signed or base != list(string.ascii_lowercase[: len(base)]):
        raise DesignError(
            f"FractionalFactorial has generators='{said}'. Call the base factors a, b, c … in their order, without a sign."
        )
    for place, word in enumerate(bare):
        if unknown := sorted(set(word) - set(base)):
            raise DesignError(
                f"FractionalFactorial has generators='{said}', in which '{word}' names '{unknown[0]}', which is no base factor. "
                f"These are: {', '.join(base) or 'none'}."
            )
        if set(word) in (set(other) for other in bare[:place]):
            raise DesignError(
                f"FractionalFactorial has generators='{said}', in which two factors are '{word}': they would change together. "
                "Give each a product of its own."
            )
    return said
