"""Draws the pictures of the pages of questions anew, from the blocks that stand in them: `python docs/question_pictures.py`."""

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from mesa_lab.processing.export.chart_image import render

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
            (PAGES / f"{page.stem}.svg").write_text(str(render(answer.chart(interactive=False), "svg")))
        os.chdir(PAGES)


if __name__ == "__main__":
    main()
