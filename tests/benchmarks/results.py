"""What is known of trials: one JSON file that grows, so that nothing is measured twice."""

import json
import os
import threading
import uuid
from pathlib import Path
from typing import Any


class Results:
    """Trials by key, on disk after each; another process must not write the same file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._data: dict[str, Any] = {"trials": {}}
        if path.exists():
            self._data = json.loads(path.read_text(encoding="utf-8"))

    def __getitem__(self, key: str) -> dict[str, Any] | None:
        """Return a trial, None where it was never run."""
        with self._lock:
            found: dict[str, Any] | None = self._data["trials"].get(key)
            return found

    def __setitem__(self, key: str, trial: dict[str, Any]) -> None:
        """Add or replace a trial, and write."""
        with self._lock:
            self._data["trials"][key] = trial
            write(self._path, self._text())

    def _text(self) -> str:
        """Return one line for each trial: traces would be thousands of lines."""
        trials = self._data["trials"].items()
        lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(trial)}" for key, trial in trials)
        return f'{{"trials": {{\n{lines}\n}}}}\n'


def write(path: Path, text: str) -> None:
    """Write beside, bring to disk, rename: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    with beside.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
