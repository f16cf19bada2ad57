"""What belongs to the whole process, and is to be left as it was found."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["surroundings"]


def surroundings() -> tuple[Any, ...]:
    """Return the state of numpy's global generator, and altair's theme, transformer and renderer, to be compared."""
    import altair as alt

    state: Any = np.random.get_state()
    return (state[1].tolist(), state[2], alt.theme.active, alt.data_transformers.active, alt.renderers.active)
