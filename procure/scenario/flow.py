"""Values as one line of text, as YAML writes them, such as ``{vendor: [nvidia, amd]}``; and back, fast where plain."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from procure.scenario.complaint import InvalidData

MAX_DEPTH: Final = 30
_WORDS: Final = {"null": None, "~": None, "true": True, "false": False}
_CAREFUL: Final = frozenset({*_WORDS, "yes", "no", "on", "off", "y", "n"})
"""Words that some readers of YAML take for something else than text."""
_BARE: Final = re.compile(r"[A-Za-z0-9_$][A-Za-z0-9_./@+$%-]*(?: [A-Za-z0-9_./@+$%-]+)*")
_NUMBER: Final = re.compile(r"[-+]?(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][-+]?\d+)?")
_TOKEN: Final = re.compile(
    rf'\s*(?:(?P<mark>[\[\]{{}}]|,|:(?=\s))|(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<bare>{_NUMBER.pattern}(?=[\s,\]}}])'
    rf"|{_BARE.pattern}(?=[\s,:\]}}])))"
)


def flow(value: Any) -> str:
    """Return plain data as one line that `read_flow` reads back: text, numbers, truth values, lists and mappings."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(str(key), key=True)}: {flow(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return repr(value)


def _text(text: str, *, key: bool = False) -> str:
    if _BARE.fullmatch(text) and (key or not (text.lower() in _CAREFUL or _numeric(text))):
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _numeric(text: str) -> bool:
    if text[:2].lower() in ("0x", "0o"):
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_scalar(text: str) -> Any:
    """Return what a bare word of YAML means: a number, a truth value, nothing, or the text itself."""
    if _NUMBER.fullmatch(text) and not (
        text[0] == "0" and text[1:].replace("_", "").isdigit()
    ):  # an id such as 007 is text
        digits = text.replace("_", "")
        return int(digits) if digits.lstrip("+-").isdigit() and len(digits) < 400 else float(digits)
    return _WORDS.get(text.lower(), text) if text.lower() in _WORDS else text


def read_flow(text: str) -> Any:
    """Return the value of one line of YAML.

    Raises
    ------
    ValueError
        When it is not YAML; the message says what is wrong.
    """
    stripped = text.strip()
    if not stripped.startswith(("{", "[", '"')):
        return read_scalar(stripped)
    try:
        return _read_plain(stripped)
    except _NotPlain:
        return _read_any(stripped)


def is_quick(text: str) -> bool:
    """Whether `read_flow` reads a text fast; the full reader of YAML takes a second for some ten thousand values."""
    stripped = text.strip()
    try:
        if stripped.startswith(("{", "[", '"')):
            _read_plain(stripped)
    except _NotPlain:
        return False
    return True


def _read_plain(text: str) -> Any:
    tokens = list(_tokens(text))
    value, rest = _value(tokens, 0, 0)
    if rest < len(tokens):
        raise _NotPlain
    return value


class _NotPlain(Exception):
    """The text is more than `flow` writes."""


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position, end = 0, len(text)
    text += " "
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise _NotPlain
        yield match.lastgroup, match[match.lastgroup]
        position = match.end()


def _value(tokens: list[tuple[str, str]], at: int, depth: int) -> tuple[Any, int]:
    if at >= len(tokens) or depth > MAX_DEPTH:
        raise _NotPlain
    kind, text = tokens[at]
    if kind == "bare":
        return read_scalar(text), at + 1
    if kind == "quoted":
        return _unquoted(text), at + 1
    if text in ("{", "["):
        return _mapping(tokens, at + 1, depth) if text == "{" else _sequence(tokens, at + 1, depth)
    raise _NotPlain


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        raise _NotPlain from None


def _sequence(tokens: list[tuple[str, str]], at: int, depth: int) -> tuple[list[Any], int]:
    found: list[Any] = []
    while _mark(tokens, at) != "]" or found:
        value, at = _value(tokens, at, depth + 1)
        found.append(value)
        at += 1
        if _mark(tokens, at - 1) == "]":
            return found, at
        if _mark(tokens, at - 1) != ",":
            raise _NotPlain
    return found, at + 1


def _mapping(tokens: list[tuple[str, str]], at: int, depth: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    while _mark(tokens, at) != "}" or found:
        kind, text = tokens[at] if at < len(tokens) else ("mark", "")
        key = _unquoted(text) if kind == "quoted" else text
        if kind == "mark" or key in found or _mark(tokens, at + 1) != ":":
            raise _NotPlain
        found[key], at = _value(tokens, at + 2, depth + 1)
        at += 1
        if _mark(tokens, at - 1) == "}":
            return found, at
        if _mark(tokens, at - 1) != ",":
            raise _NotPlain
    return found, at + 1


def _mark(tokens: list[tuple[str, str]], at: int) -> str:
    return tokens[at][1] if at < len(tokens) and tokens[at][0] == "mark" else ""


def _read_any(text: str) -> Any:
    from procure.scenario.document import read_value

    try:
        return read_value(" ".join(text.split("\n")))
    except InvalidData as error:
        fault = error.complaints[0]
        raise ValueError(f"{fault.expected}: {fault.value}") from None
