"""Tooltips, and texts of a Vega-Lite specification that cannot be taken for anything but text.

Vega makes the titles of a tooltip the keys of an object, and its tooltip shows the value of a key `image` as a picture
(whose address is fetched) and that of `title` as a heading; keys that every JavaScript object has (`constructor`) and
keys that come twice are dropped. It keeps lines and labels by the value that tells them apart, in an object too. Titles of axes and
legends are put into expressions, in which Vega-Lite 6 escapes quotation marks but no backslashes. Parameters, outcomes and
levels may have any name, so that texts are changed where this matters: a no-break space is added, which is not seen, and
a backslash in a title becomes U+2216, which looks like one.

Altair and notebooks write a specification into a script of a page as it is, where `</script>` in a text would end that
script and begin whatever follows. A word joiner, which has no width, keeps `<` apart from what would make it a tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

__all__ = ["as_written", "tooltips", "with_plain_texts"]

_SPECIAL: Final = {"image", "title"}
"""What vega-tooltip does not show as a row."""

_OF_EVERY_OBJECT: Final = {
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
}
_NO_BREAK_SPACE: Final = "\u00a0"
_WORD_JOINER: Final = "\u2060"
_SCRIPT: Final = re.compile(r"<(?=/?script|!--)", re.IGNORECASE)
_QUOTED: Final = re.compile(rf"([\"'])({'|'.join(sorted(_OF_EVERY_OBJECT))})\1")
"""As a text in an expression, such as that for the labels of an axis."""
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_GUIDES: Final = ("axis", "legend", "header")


def tooltips(titles: Mapping[str, str], formats: Mapping[str, str], *, interactive: bool = True) -> Any:
    r"""Return what a mark shows under the pointer.

    Args:
        titles: The fields to show, in order, with what people call them.
        formats: d3 formats of the fields that are numbers; the others are shown as text.
        interactive: Whether anything is shown.

    Returns:
        The `tooltip` of an altair encoding: a list, or `Undefined` where nothing is shown.

    Example:
        >>> [tip["title"] for tip in tooltips({"x": "image", "mean": "mean", "y": "mean"}, {"mean": ".2f"})]
        ['image\xa0', 'mean', 'mean\xa0']
    """
    import altair as alt

    if not interactive:
        return alt.Undefined
    return [
        alt.Tooltip(
            field=field,
            title=title,
            type="quantitative" if field in formats else "nominal",
            format=formats.get(field, alt.Undefined),
        )
        for field, title in zip(titles, _keys(titles.values()), strict=True)
    ]


def with_plain_texts(specification: Mapping[str, Any]) -> dict[str, Any]:
    r"""Return a Vega-Lite specification whose titles and values are taken for text alone.

    It is given to whatever draws: charts of this package, of others, and those that a page draws itself.

    Example:
        >>> with_plain_texts({"mark": "point", "encoding": {"x": {"field": "x", "title": "a\\b"}}})["encoding"]
        {'x': {'field': 'x', 'title': 'a∖b'}}
    """
    return {
        name: value
        if name == "field"
        else {channel: _channel(channel, _part(given)) for channel, given in value.items()}
        if name == "encoding" and isinstance(value, Mapping)
        else {key: _rows(rows) for key, rows in value.items()}
        if name == "datasets"
        else _part(value)
        for name, value in specification.items()
    }


def as_written(text: str) -> str:
    """Return a text as it was before `with_plain_texts`, from what a chart on a page says that was clicked.

    Example:
        >>> as_written("constructor\u00a0")
        'constructor'
    """
    return text.rstrip(_NO_BREAK_SPACE).replace(f"<{_WORD_JOINER}", "<")


def _part(value: Any) -> Any:
    if isinstance(value, str):
        if value in _OF_EVERY_OBJECT:
            return value + _NO_BREAK_SPACE
        value = _SCRIPT.sub(f"<{_WORD_JOINER}", value)
        return _QUOTED.sub(rf"\1\2{_NO_BREAK_SPACE}\1", value)
    if isinstance(value, Mapping):
        return with_plain_texts(value)
    return [_part(each) for each in value] if isinstance(value, list) else value


def _rows(rows: Any) -> Any:
    """Return the rows of a table; there may be thousands, and hardly ever one that needs a change."""
    if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
        texts = (value for row in rows for value in row.values() if isinstance(value, str))
        if not any("<" in text or text in _OF_EVERY_OBJECT for text in texts):
            return rows
    return _part(rows)


def _channel(name: str, given: Any) -> Any:
    if isinstance(given, list):
        fields = [_channel("", each) for each in given]
        return _told_apart(fields) if name == "tooltip" else fields
    if not isinstance(given, Mapping):
        return given
    changed = dict(given)
    if "title" in changed:
        changed["title"] = _text(changed["title"])
    for guide in _GUIDES:
        if isinstance(changed.get(guide), Mapping) and "title" in changed[guide]:
            changed[guide] = {**changed[guide], "title": _text(changed[guide]["title"])}
    return changed


def _told_apart(fields: list[Any]) -> list[Any]:
    """Give the fields of a tooltip titles that make good keys; a field without title is called by its name."""
    given = [each.get("title", each.get("field")) if isinstance(each, dict) else None for each in fields]
    texts = [", ".join(map(str, title)) if isinstance(title, list) else title for title in given]
    keys = iter(_keys([text for text in texts if isinstance(text, str)]))
    found = []
    for each, text in zip(fields, texts, strict=True):
        key = next(keys) if isinstance(text, str) else text
        # The name that Vega-Lite gives to an aggregate or a bin stays, and is none of those that matter.
        found.append({**each, "title": key} if key != text or "title" in each else each)
    return found


def _keys(titles: Iterable[str]) -> list[str]:
    """Return titles of which none is special and none comes twice."""
    found: list[str] = []
    for title in titles:
        key = str(_text(title))
        while key in _SPECIAL or key in _OF_EVERY_OBJECT or key in found:
            key += _NO_BREAK_SPACE
        found.append(key)
    return found


def _text(title: Any) -> Any:
    if isinstance(title, list):
        return [_text(line) for line in title]
    return _CONTROLS.sub(" ", title).replace("\\", "∖") if isinstance(title, str) else title
