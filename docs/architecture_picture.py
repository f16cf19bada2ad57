"""Draw docs/architecture.svg: the packages of mesa_lab as layers, with what each imports, read from the code.

python docs/architecture_picture.py
"""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "architecture.svg"
WIDTH, MARGIN, LINE, BOX = 1080, 24, 17, 14


def layers() -> list[list[str]]:
    """The layers of the import contract, uppermost first, each with its packages."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = next(
        each for each in settings["tool"]["importlinter"]["contracts"] if each["type"] == "layers"
    )
    return [
        [name.strip().removeprefix("mesa_lab.") for name in layer.replace("|", ":").split(":")]
        for layer in contract["layers"]
    ]


def imports() -> Counter[tuple[str, str]]:
    """How many modules of one package import from another, type hints and imports inside functions included."""
    found: set[tuple[str, str, str]] = set()
    for path in sorted((ROOT / "mesa_lab").rglob("*.py")):
        own = path.relative_to(ROOT / "mesa_lab").parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mesa_lab."):
                target = (node.module or "").split(".")[1]
                if target != own:
                    found.add((str(path), own, target))
    return Counter((own, target) for _, own, target in found)


def contents(package: str, width: int) -> list[str]:
    """The lines that describe a package: its folders with the number of their modules, then its own modules."""
    folder = ROOT / "mesa_lab" / package
    if not folder.is_dir():
        return []
    folders = [
        f"{path.name}/ ({sum(1 for each in path.rglob('*.py') if each.name != '__init__.py')})"
        for path in sorted(folder.iterdir())
        if (path / "__init__.py").exists()
    ]
    modules = [path.stem for path in sorted(folder.glob("*.py")) if not path.stem.startswith("__")]
    return [line for names in (folders, modules) for line in wrapped(names, width)]


def wrapped(names: list[str], width: int) -> list[str]:
    """The names as lines of at most so many letters."""
    lines: list[str] = []
    for name in names:
        if lines and len(lines[-1]) + len(name) + 2 <= width:
            lines[-1] += f", {name}"
        else:
            lines.append(name)
    return lines


def drawn() -> str:
    """The picture as SVG."""
    counts = imports()
    shapes: list[str] = []
    top = MARGIN
    for layer in layers():
        width = (WIDTH - 2 * MARGIN - (len(layer) - 1) * MARGIN) / len(layer)
        letters = int(width / 7)
        texts = []
        for package in layer:
            uses = [
                f"{target} {number}" for (own, target), number in sorted(counts.items()) if own == package
            ]
            texts.append((package, contents(package, letters), wrapped(uses, letters - 10)))
        height = max(len(lines) + len(uses) for _, lines, uses in texts) * LINE + 2 * BOX + LINE
        for place, (package, lines, uses) in enumerate(texts):
            left = MARGIN + place * (width + MARGIN)
            shapes.append(f'<rect x="{left:.0f}" y="{top}" width="{width:.0f}" height="{height}" rx="8"/>')
            written = [("name", package), *(("content", line) for line in lines)]
            written += [
                ("uses", f"{'imports' if not number else '       '} {line}")
                for number, line in enumerate(uses)
            ]
            for number, (kind, line) in enumerate(written):
                y = top + BOX + LINE * (number + 1) - 4
                shapes.append(f'<text class="{kind}" x="{left + BOX:.0f}" y="{y}">{escape(line)}</text>')
        top += height + MARGIN
    style = (
        "rect{fill:#f6f7f9;stroke:#8a94a3}text{font:13px system-ui,sans-serif;fill:#333a44;white-space:pre}"
        ".name{font-weight:700;font-size:15px;fill:#0b3d66}.uses{fill:#68707c;font-style:italic}"
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img">'
    title = "<title>The packages of mesa_lab: imports point downwards only</title>"
    return "\n".join([head, title, f"<style>{style}</style>", *shapes, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(drawn(), encoding="utf-8")
