"""Seeds: one plain integer for each run, derived from what the run is and from nothing around it.

More replications or more points keep the seed of every earlier run, and neither the order of the
runs nor the number of workers matters. An explicit hash does this where a spawned sequence cannot.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import batched
from typing import Any, Final

from mesa_lab.preparation.encoding import canonical, canonicals, from_json

__all__ = ["SEED_BITS", "derive_seed", "parts_of_keys", "point_keys", "without"]

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


def parts_of_keys(values: Mapping[str, Any]) -> tuple[bytes, ...]:
    """Return how single values stand in the key of a point, for `without`."""
    return tuple(
        text[1:-1].encode() for text in canonicals([{name: value} for name, value in values.items()])
    )


def without(key: bytes, parts: Sequence[bytes]) -> bytes:
    """Return the key of a point without some of its values; what it does not hold changes nothing.

    Args:
        key: From `point_keys`.
        parts: From `parts_of_keys`.

    Example:
        >>> without(b'0:{"n":3,"width":20}', parts_of_keys({"width": 20, "n": 30}))
        b'0:{"n":3}'
    """
    if key.count(b"{") > 1:  # a value of its own may have such a part too
        occurrence, _, text = key.partition(b":")
        values = from_json(text.decode())
        kept = {name: value for name, value in values.items() if parts_of_keys({name: value})[0] not in parts}
        return occurrence + b":" + canonical(kept).encode()
    for part in parts:
        place = key.find(part)
        # Between brackets or commas alone is it the whole value: not 20 of 200.
        while place >= 0 and not (key[place - 1] in b"{," and key[place + len(part)] in b",}"):
            place = key.find(part, place + 1)
        if place < 0:
            continue
        end = place + len(part)
        if key[end] == ord(","):
            end += 1
        elif key[place - 1] == ord(","):
            place -= 1
        key = key[:place] + key[end:]
    return key


def derive_seed(seed: int, key: bytes, replication: int) -> int:
    """Hash an experiment's seed, a point's key and a replication into one plain integer seed.

    A keyed hash (BLAKE2b, RFC 7693) instead of a spawned sequence: the seed of a run does not depend on which other runs
    there are, and 63 bits make a collision among a million runs about as likely as one in twenty million.
    """
    digest = hashlib.blake2b(b"%d:%d:" % (seed, replication) + key, digest_size=8, person=b"mesa-lab")
    return int.from_bytes(digest.digest()) >> (64 - SEED_BITS)
