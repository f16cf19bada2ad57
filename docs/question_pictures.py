"""Draws the pictures of the pages of questions anew, from the blocks that stand in them: `python docs/question_pictures.py`."""

import os
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from mesa_lab.processing.export.chart_image import render

_MANY = 200
_AT_ONE_PLACE = 4
PAGES = Path(__file__).parent / "questions"


def main() -> None:
    """Run the blocks and draw the answers."""
    names: dict[str, Any] = {}
    first = re.findall(
        r"^```python\n(.*?)^```$", (PAGES / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )[0]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        exec(first, names)
        for page in sorted(PAGES.glob("*.md")):
            if not (PAGES / page.name).read_text().count(f"]({page.stem}.svg)"):
                continue
            mine = dict(names)
            for block in re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
                exec(block, mine)
                if "answer" in mine:
                    break
            answer = mine.get("answer")
            if answer is None:
                continue
            sys.stdout.write(f"{page.stem}: {answer.sentence}\n\n")
            (PAGES / f"{page.stem}.svg").write_text(
                shared_marks(str(render(answer.chart(interactive=False), "svg")))
            )
        os.chdir(PAGES)


def shared_marks(svg: str) -> str:
    """Write each kind of point once, where a picture has hundreds of them, and no more than a few at one place; they are not read aloud then."""
    points = re.compile(r'<path aria-label="[^"]*"[^>]*? transform="(translate[^"]*)"( d="[^"]*" [^>]*)/>')
    if len(points.findall(svg)) < _MANY:
        return svg
    kinds: dict[str, str] = {}
    here: Counter[tuple[str, float, float]] = Counter()

    def used(found: re.Match[str]) -> str:
        name = kinds.setdefault(found[2], f"point{len(kinds)}")
        x, y = (round(float(each), 1) for each in re.findall(r"[-\d.]+", found[1]))
        here[name, x, y] += 1
        return f'<use href="#{name}" x="{x:g}" y="{y:g}"/>' if here[name, x, y] <= _AT_ONE_PLACE else ""

    body = points.sub(used, svg)
    shapes = "".join(f'<path id="{name}"{rest}/>' for rest, name in kinds.items())
    head = body.index(">") + 1
    return f"{body[:head]}<defs>{shapes}</defs>{body[head:]}"


if __name__ == "__main__":
    main()
