"""One of the processes of a batch on this machine: ``python -m procure.runs.batch_worker BATCH``.

It takes one queued unit after the other, with its engines kept running between them, until none is left or it is told
to stop: SIGTERM ends the solve at hand with the best plan it has.
"""

import signal
import sys
import threading
from types import FrameType

from procure.runs.claim import claim
from procure.runs.patience import patiently
from procure.runs.store import Store
from procure.runs.worker import run
from solvers import Session


def main(batch_id: str) -> None:
    """Work on a batch until nothing of it is queued."""
    stop = threading.Event()

    def told(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, told)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the batch tells its workers
    threading.Thread(target=_watch_parent, args=(stop,), daemon=True).start()
    store = Store()
    with Session() as session:
        while not stop.is_set() and (taken := patiently(lambda: claim(store, batch_id))) is not None:
            run(store, *taken, cancel=stop, session=session)
    store.close()


def _watch_parent(stop: threading.Event) -> None:
    """Stop when the batch is gone: its end closes our standard input."""
    sys.stdin.buffer.read()
    stop.set()


if __name__ == "__main__":
    main(sys.argv[1])
