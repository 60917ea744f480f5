"""Several processes that do the same to a store at once: ``elsewhere.py NUMBER ACTION URL [ARGUMENT...]``.

They are forked before any store is open, wait for one another, and print what they found as a line of JSON each.
"""

import json
import os
import sys
import traceback

from procure.runs.jobs import Options
from procure.runs.scenarios import Conflict
from procure.runs.store import Store


def open_store(url):
    Store(url).close()
    return "opened"


def submit(url, data, times="1"):
    desk = Store(url).desk("one")
    return [desk.jobs.solve(json.loads(data), Options()).id for _ in range(int(times))]


def save(url, scenario_id, version_id):
    desk = Store(url).desk("one")
    draft = desk.drafts.begin(scenario_id, version_id)
    mine = draft.data | {"description": f"by {os.getpid()}"}
    draft = desk.drafts.edit(draft.id, mine, "described")
    try:
        return ["saved", desk.drafts.save(draft.id).version.number]
    except Conflict as conflict:
        kept = desk.drafts.one(draft.id)
        return ["conflict", conflict.theirs.number, kept.data == mine, kept.changed, kept.undo]


def edit(url, scenario_id, times):
    desk = Store(url).desk("one")
    draft = desk.drafts.begin(scenario_id)
    for number in range(int(times)):
        draft = desk.drafts.edit(draft.id, draft.data | {"description": f"{os.getpid()} {number}"}, "described")
    return draft.undo


ACTIONS = {"open": open_store, "submit": submit, "save": save, "edit": edit}


def child(gate, action, arguments):
    os.read(gate, 1)
    try:
        line = json.dumps(ACTIONS[action](*arguments))
        os.write(1, line.encode() + b"\n")
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main(number, action, *arguments):
    ours, theirs = os.pipe()
    children = []
    for _ in range(int(number)):
        pid = os.fork()
        if pid == 0:
            os.close(theirs)
            child(ours, action, arguments)
        children.append(pid)
    os.close(theirs)
    return sum(os.waitpid(pid, 0)[1] != 0 for pid in children)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
