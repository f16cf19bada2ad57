"""A run as a moving picture: a GIF, or one PNG for each step."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mesa_lab.errors import ExportError

if TYPE_CHECKING:
    from PIL.Image import Image

    from mesa_lab.viewing.viewer import Frame, Viewer

__all__ = ["film_of", "pictures_of", "save_pictures"]

_MILLISECONDS: Final = 150
_LAST_MILLISECONDS: Final = 1_500


def film_of(make: Callable[[], Viewer], last: int, *, most: int = 100, seconds: float | None = None) -> bytes:
    """Return a GIF of a run from its start.

    Args:
        make: Opens a viewer of the run; it is closed again.
        last: The step to end at.
        most: Pictures at most; steps in between are left out evenly.
        seconds: How long the model may take from one picture to the next; None for no limit.

    Raises:
        ExportError: If the model has no pictures.
        RunError: If the model kills its process, or takes too long.
    """
    images: list[Image] = []
    with make() as viewer:
        for step in _steps(last, most):
            frame = viewer.go(step, seconds=seconds)
            if (image := _joined(frame)) is not None:
                images.append(image)
            if frame.is_over:
                break
    if not images:
        raise ExportError("This model has no pictures to make a film of.")
    width = max(image.width for image in images)
    height = max(image.height for image in images)
    same = [_on_white(image, width, height) for image in images]
    times = [_MILLISECONDS] * (len(same) - 1) + [_LAST_MILLISECONDS]
    out = io.BytesIO()
    same[0].save(out, "GIF", save_all=True, append_images=same[1:], duration=times, loop=0)
    return out.getvalue()


def pictures_of(
    make: Callable[[], Viewer], last: int, *, most: int = 100, seconds: float | None = None
) -> bytes:
    """Return a zip file with PNGs of a run from its start, named by their steps.

    Args:
        make: Opens a viewer of the run; it is closed again.
        last: The step to end at.
        most: Pictures at most; steps in between are left out evenly.
        seconds: How long the model may take from one picture to the next; None for no limit.

    Raises:
        ExportError: If the model has no pictures.
        RunError: If the model kills its process, or takes too long.
    """
    out = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(out, "w") as file:
        for path in save_pictures(make, Path(folder), _steps(last, most), seconds):
            file.write(path, path.name)
            path.unlink()
    return out.getvalue()


def _steps(last: int, most: int) -> list[int]:
    """The steps of which there are pictures: evenly, and the last one."""
    return [*range(0, last, max(1, -(-last // most))), last]


def save_pictures(
    make: Callable[[], Viewer], folder: Path, steps: Iterable[int], seconds: float | None = None
) -> Iterator[Path]:
    """Save one PNG for each step, and yield its path.

    Args:
        make: Opens a viewer of the run; it is closed again.
        folder: Where; it must be there.
        steps: Which steps.
        seconds: How long the model may take from one picture to the next; None for no limit.

    Raises:
        ExportError: If the model has no pictures.
    """
    with make() as viewer:
        for step in steps:
            frame = viewer.go(step, seconds=seconds)
            image = _joined(frame)
            if image is None:
                raise ExportError("This model has no pictures to save.")
            path = folder / f"step_{frame.step:05}.png"
            image.save(path)
            yield path
            if frame.is_over:
                return


def _joined(frame: Frame) -> Image | None:
    """The pictures of a step side by side, None when there is none."""
    from PIL import Image

    parts = [Image.open(io.BytesIO(each.png)).convert("RGB") for each in frame.pictures if each.png]
    if not parts:
        return None
    whole = Image.new("RGB", (sum(part.width for part in parts), max(part.height for part in parts)), "white")
    left = 0
    for part in parts:
        whole.paste(part, (left, 0))
        left += part.width
    return whole


def _on_white(image: Image, width: int, height: int) -> Image:
    sheet = image.resize((width, height))
    sheet.paste("white", (0, 0, width, height))
    sheet.paste(image, (0, 0))
    return sheet
