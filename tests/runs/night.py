"""A batch in a process of its own: ``night.py MANIFEST WORKERS [SILENT_S]``; SIGTERM stops it, as it does the command.

It prints a line with the counts whenever they change, and the state of the batch at the end.
"""

import json
import signal
import sys
import threading
from pathlib import Path

from procure.runs import batches, dispatch
from procure.runs.batch import run_batch
from procure.runs.local import Local
from procure.runs.manifest import read_manifest
from procure.runs.store import Store


def main(manifest: str, workers: str, silent_s: str = "20") -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    dispatch.SILENT_S = batches.SILENT_S = float(silent_s)
    batch = run_batch(
        Store(), read_manifest(Path(manifest)), Path(manifest).parent,
        lambda store, batch_id: Local(store, batch_id, int(workers)), stop=stop, progress=show,
    )  # fmt: skip
    sys.stdout.write(batch.state + "\n")


def show(counts: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(counts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
