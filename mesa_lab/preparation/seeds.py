"""Seeds: one plain integer for each run, derived from what the run is and from nothing around it.

More replications or more points keep the seed of every earlier run, and neither the order of the
runs nor the number of workers matters. An explicit hash does this where a spawned sequence cannot.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import batched
from typing import Any, Final

from mesa_lab.preparation.encoding import canonicals

__all__ = ["SEED_BITS", "derive_seed", "point_keys"]

SEED_BITS: Final = 63
"""A seed fits the signed 64-bit integers of SQLite, Arrow and pandas alike."""

_AT_A_TIME: Final = 1_000


def point_keys(points: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Yield for each design point the key that its seeds derive from.

    The key holds the point's values and how often the same values came before it in the design.
    """
    seen: dict[str, int] = {}
    for some in batched(points, _AT_A_TIME):
        for text in canonicals(some):
            occurrence = seen.get(text, 0)
            seen[text] = occurrence + 1
            yield f"{occurrence}:{text}".encode()


def derive_seed(seed: int, key: bytes, replication: int) -> int:
    """Hash an experiment's seed, a point's key and a replication into one plain integer seed.

    A keyed hash (BLAKE2b, RFC 7693) instead of a spawned sequence: the seed of a run does not depend on which other runs
    there are, and 63 bits make a collision among a million runs about as likely as one in twenty million.
    """
    digest = hashlib.blake2b(b"%d:%d:" % (seed, replication) + key, digest_size=8, person=b"mesa-lab")
    return int.from_bytes(digest.digest()) >> (64 - SEED_BITS)
