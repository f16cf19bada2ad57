"""What other packages add to a list of this one through entry points, and how something in such a list is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mesa_lab.errors import MesaLabError, suggest

__all__ = ["find_named", "load_plug_ins"]


def load_plug_ins(
    group: str,
    what: str,
    kind: type | Callable[[Any], bool],
    error: Callable[[str], MesaLabError],
) -> list[Any]:
    """Load what the installed packages offer in a group of entry points, in the order of their names.

    Looking through what is installed takes 20 ms.

    Args:
        group: The group, such as "mesa_lab.charts".
        what: What is expected there, for messages, such as "chart".
        kind: Its class, or a function that tells whether something is one.
        error: The error to raise.

    Raises:
        MesaLabError: `error`, if a package offers something else, or cannot be imported.

    Example:
        >>> load_plug_ins("mesa_lab.no_such_group", "chart", str, MesaLabError)
        []
    """
    from importlib.metadata import entry_points

    found = []
    for entry in sorted(entry_points(group=group), key=lambda entry: entry.name):
        try:
            loaded = entry.load()
        except Exception as problem:
            raise error(
                f"The {what} '{entry.name}' of the package '{entry.value}' cannot be imported: {problem}. "
                "Reinstall or remove that package."
            ) from problem
        fits = isinstance(loaded, kind) if isinstance(kind, type) else kind(loaded)
        if not fits:
            expected = kind.__name__ if isinstance(kind, type) else f"{what} class"
            raise error(f"The entry point '{entry.name}' ({entry.value}) is no {expected}.")
        found.append(loaded)
    return found


def find_named[T](
    name: str,
    own: Iterable[T],
    everything: Callable[[], Iterable[T]],
    what: str,
    error: Callable[[str], MesaLabError],
) -> T:
    """Find something by its attribute `name`.

    Args:
        name: The name.
        own: What this package has.
        everything: Returns that and what other packages add; asked only where the name is not among `own`.
        what: What is looked for, for messages, such as "chart".
        error: The error to raise.

    Raises:
        MesaLabError: `error`, if there is none, naming the nearest.
    """
    for each in own:
        if each.name == name:  # type: ignore[attr-defined]
            return each
    known = {each.name: each for each in everything()}  # type: ignore[attr-defined]
    if isinstance(name, str) and name in known:
        return known[name]
    raise error(f"Unknown {what} '{name}'. There are: {', '.join(known)}.{suggest(str(name), known)}")
