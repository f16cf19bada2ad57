"""Search: experiments whose next runs depend on what came out, by ask and tell; the study is the only memory.

Stands above running and processing, beside `pipeline.py`, and knows both: it asks a method for batches of runs, has them carried
out, and reads what they gave. Calling the module is calling `search`: `mesa_lab.search(...)` works whether this package or
the function was imported first, since both have that name.
"""

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """A module that can be called."""

    def __call__(self, *arguments: Any, **settings: Any) -> Any:
        """Carry out a search: see `mesa_lab.search.carry_out.search`."""
        from mesa_lab.search.carry_out import search

        return search(*arguments, **settings)


sys.modules[__name__].__class__ = _Callable
