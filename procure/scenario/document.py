"""Scenario files: YAML read safely, with the place of every value, and written back."""

import io
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from procure.scenario.complaint import Complaint, InvalidData, show
from procure.scenario.scenario import Scenario

Path_ = tuple[str | int, ...]
MAX_BYTES: Final = 5_000_000
MAX_DEPTH: Final = 30
MAX_NODES: Final = 300_000
MAX_FILES: Final = 50
_PLAIN: Final = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


@dataclass
class Document:
    """Plain data of a scenario file and what it includes, with the file and line of every path."""

    data: dict[str, Any]
    places: dict[Path_, tuple[str, int | None]] = field(default_factory=dict)

    def place(self, path: Path_) -> tuple[str | None, int | None]:
        """Return file and line of a path, or of the nearest path above it that was written."""
        for size in range(len(path), -1, -1):
            if path[:size] in self.places:
                return self.places[path[:size]]
        return None, None

    def put(self, path: tuple[str, str], value: Any, source: str) -> None:
        """Set a value of a mapping at the top, in place of what was written; its source is where complaints are."""
        top, key = path
        if self.data.get(top) is None:
            self.data[top] = {}
        self.data[top][key] = value
        for below in [written for written in self.places if written[:2] == path]:
            del self.places[below]
        self.places[path] = (source, None)

    def located(self, error: InvalidData) -> InvalidData:
        """Return the error with each complaint placed in its file."""
        return InvalidData([c if c.file else c.at(*self.place(c.path)) for c in error.complaints])


def read_document(path: str | os.PathLike[str]) -> Document:
    """Read a scenario file and what it includes.

    ``include: [more.yaml]`` names files in the same folder or below: their lists are joined to those of the including
    file, their mappings merged, and a value stated twice is an error.

    Raises
    ------
    InvalidData
        When a file cannot be read, is not YAML, is too large or too deep, repeats a key, or includes go round.
    """
    root = Path(path)
    document = Document({})
    _include(document, root, root.parent.resolve(), [])
    return document


def parse_document(text: str, name: str) -> Document:
    """Return the document of YAML text under a name, with what it would include left as it is.

    Raises
    ------
    InvalidData
        When it is not YAML, is too large or too deep, or repeats a key.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise _fault(name, 1, f"{size:,} bytes", f"expected at most {MAX_BYTES:,} bytes", "Split the data.")
    return _Reader(name).parse(text)


def _include(document: Document, path: Path, folder: Path, above: list[Path]) -> None:
    resolved = path.resolve()
    if resolved in above or len(above) > 8 or len(document.places) > MAX_NODES:
        raise _fault(path, 1, str(path), "includes go round or nest too deep", "Remove the include.")
    if not resolved.is_relative_to(folder):
        raise _fault(above[-1], 1, str(path), "expected a file in the folder of the scenario", "Move it there.")
    part = _Reader(str(path)).read(resolved)
    document.places.setdefault((), (str(path), 1))
    includes = part.data.pop("include", [])
    _merge(document, part, document.data, part.data, ())
    names = [includes] if isinstance(includes, str) else includes
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or len(names) > MAX_FILES:
        raise _fault(path, 1, show(includes), "expected file names under include", "Write include: [more.yaml].")
    for name in names:
        _include(document, path.parent / name, folder, [*above, resolved])


def _merge(document: Document, part: Document, into: dict[str, Any], new: dict[str, Any], at: Path_) -> None:
    for key, value in new.items():
        path = (*at, key)
        if key not in into:
            into[key] = value
            _move(document, part, path, path)
        elif isinstance(into[key], list) and isinstance(value, list):
            for number, entry in enumerate(value):
                _move(document, part, (*path, number), (*path, len(into[key])))
                into[key].append(entry)
        elif isinstance(into[key], dict) and isinstance(value, dict):
            _merge(document, part, into[key], value, path)
        else:
            file, line = part.place(path)
            raise InvalidData([
                Complaint(path, show(value), "stated twice: here and in an including file", "Remove one.", file, line)
            ])  # fmt: skip


def _move(document: Document, part: Document, old: Path_, new: Path_) -> None:
    size = len(old)
    for path, place in part.places.items():
        if path[:size] == old:
            document.places[new + path[size:]] = place


def _fault(file: Path | str, line: int, value: str, expected: str, remedy: str, path: Path_ = ()) -> InvalidData:
    return InvalidData([Complaint(path, value, expected, remedy, str(file), line)])


class _Reader:
    """Turns the node graph of one YAML file into plain data, counting what aliases expand to."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.places: dict[Path_, tuple[str, int | None]] = {}

    def read(self, path: Path) -> Document:
        """Return the document of one file."""
        try:
            with path.open("rb") as handle:
                raw = handle.read(MAX_BYTES + 1)
            if len(raw) > MAX_BYTES:
                raise _fault(self.file, 1, "too large", f"expected at most {MAX_BYTES:,} bytes", "Split the data.")
            return self.parse(raw.decode("utf-8"))
        except OSError as error:
            remedy = "Check the path; `procure solve --help` lists the bundled scenarios."
            raise _fault(self.file, 1, str(error.strerror), "cannot be read", remedy) from None
        except UnicodeDecodeError:
            raise _fault(self.file, 1, "not UTF-8", "expected UTF-8 text", "Save the file as UTF-8.") from None

    def parse(self, text: str) -> Document:
        """Return the document of YAML text."""
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError

        self._guard(text)
        try:
            node = YAML(typ="safe", pure=True).compose(io.StringIO(text))
        except YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = str(getattr(error, "problem", None) or error).split("\n")[0]
            line = mark.line + 1 if mark else 1
            raise _fault(self.file, line, problem, "not valid YAML", "Correct the file at this line.") from None
        except RecursionError:
            raise _fault(self.file, 1, "nested", "nested too deep", "Flatten the data.") from None
        data = self._plain(node, (), 0) if node is not None else {}
        if not isinstance(data, dict):
            raise _fault(self.file, 1, show(data), "expected keys such as horizon: and workloads:", "See the README.")
        return Document(data, self.places)

    def _guard(self, text: str) -> None:
        # before the parser spends its time: it needs a second for some ten thousand values
        if text.count("\n") + text.count(",") > MAX_NODES:
            raise _fault(self.file, 1, "too many", f"more than {MAX_NODES:,} values", "Split the data.")
        depth = deepest = 0
        for character in text:
            if character in "[{":
                depth += 1
                deepest = max(deepest, depth)
            elif character in "]}":
                depth -= 1
        if deepest > 20 * MAX_DEPTH:
            raise _fault(self.file, 1, "brackets", f"nested deeper than {MAX_DEPTH} levels", "Flatten the data.")

    def _plain(self, node: Any, path: Path_, depth: int) -> Any:
        from ruamel.yaml.nodes import MappingNode, ScalarNode

        line = node.start_mark.line + 1
        self.places[path] = (self.file, line)
        if depth > MAX_DEPTH:
            raise _fault(self.file, line, "nested", f"nested deeper than {MAX_DEPTH} levels", "Flatten the data.", path)
        if len(self.places) > MAX_NODES:
            raise _fault(self.file, line, "too many", f"more than {MAX_NODES:,} values", "Split the data.", path)
        if isinstance(node, ScalarNode):
            return self._scalar(node, path, line)
        if str(node.tag) not in _PLAIN:
            remedy = "Remove the tag: only plain text, numbers, lists and mappings are read."
            raise _fault(self.file, line, str(node.tag), "tags are not read", remedy, path)
        if isinstance(node, MappingNode):
            return self._mapping(node, path, depth)
        return [self._plain(child, (*path, number), depth + 1) for number, child in enumerate(node.value)]

    def _mapping(self, node: Any, path: Path_, depth: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            if not isinstance(key, str):
                raise _fault(self.file, line, show(key), "expected text as a key", "Write a name there.", path)
            key = self._characters(key, path, line)
            if key in data:
                raise _fault(self.file, line, key, "key stated twice", "Remove one of the two.", (*path, key))
            data[key] = self._plain(value_node, (*path, key), depth + 1)
            self.places[(*path, key)] = (self.file, line)
        return data

    def _characters(self, text: str, path: Path_, line: int) -> str:
        if text.isascii():
            return text
        try:  # JSON may write one character as a pair of surrogates
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            value = text.encode("ascii", "backslashreplace").decode()
            raise _fault(self.file, line, value, "half a character", "Write the character itself.", path) from None

    def _scalar(self, node: Any, path: Path_, line: int) -> Any:
        tag, text = str(node.tag).rpartition(":")[2], node.value
        if tag == "null":
            return None
        if tag == "bool":
            return text.lower() == "true"
        if tag in ("int", "float"):
            if tag == "int" and len(text) > 1 and text[0] == "0":
                return text  # an id such as 007
            try:
                return int(text.replace("_", "")) if tag == "int" else float(text.replace("_", ""))
            except ValueError:
                return text
        if tag in ("str", "timestamp"):
            return self._characters(text, path, line)
        remedy = "Remove the tag: only plain text, numbers, lists and mappings are read."
        raise _fault(self.file, line, str(node.tag), "tags are not read", remedy, path)


def to_yaml(scenario: Scenario) -> str:
    """Return the scenario as YAML text that reads back to an equal scenario, whatever it was written with."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # the library declares it as None
    yaml.width = 110
    stream = io.StringIO()
    yaml.dump(scenario.data(), stream)
    return stream.getvalue()


def write_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file whole or not at all: beside, fsync, rename."""
    target = Path(path)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_value(text: str) -> Any:
    """Return one value written as YAML, such as ``0.5``, ``[aws, gcp]`` or ``null``."""
    return _Reader("--set").parse(f"value: {text}").data["value"]


def write_value(value: Any) -> str:
    """Return plain data as one line of YAML, which `read_value` reads back."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = True
    yaml.width = 1_000_000
    stream = io.StringIO()
    yaml.dump(value, stream)
    return stream.getvalue().strip().removesuffix("...").strip()
