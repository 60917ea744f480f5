"""A session of the app without a browser: what a browser sends and waits for, over the same connection."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from types import MappingProxyType, TracebackType
from typing import Any

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.util import calc_hash

LARGEST = 2**26


class Session:
    """One session; `show` and `turn` return the seconds until all of the page had come.

    Parts of a page that run by themselves every so often do so here too.

    Parameters
    ----------
    port
        Of the app on this machine.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.query, self.page = "", calc_hash("")
        self.widgets: dict[str, str] = {}
        self.errors = 0
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._finished = asyncio.Event()
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> "Session":
        """Connect."""
        self._socket = await websockets.connect(
            f"ws://localhost:{self.port}/_stcore/stream", subprotocols=["streamlit"], max_size=LARGEST,
            origin=f"http://localhost:{self.port}", compression=None,
        )  # fmt: skip
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Leave."""
        self._forget()
        self._reader.cancel()
        await self._socket.close()

    async def show(self, page: str) -> float:
        """Go to a page by its address."""
        self.page, self.widgets = calc_hash(page), {}
        return await self._run()

    async def turn(self, key: str, value: float | str) -> float:
        """Give a slider or a box, by its key, another value."""
        return await self._run(turned={self.widgets[key]: value})

    async def press(self, key: str) -> float:
        """Press a button, by its key."""
        return await self._run(pressed=self.widgets[key])

    async def _run(
        self, fragment: str = "", pressed: str = "", turned: Mapping[str, float | str] = MappingProxyType({})
    ) -> float:
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string, asked.page_script_hash, asked.fragment_id = self.query, self.page, fragment
        asked.is_auto_rerun = bool(fragment)
        for widget, value in turned.items():
            state = asked.widget_states.widgets.add(id=widget)
            if isinstance(value, str):
                state.string_value = value
            else:
                state.double_array_value.data.append(value)
        if pressed:
            asked.widget_states.widgets.add(id=pressed, trigger_value=True)
        async with self._turn:
            began = time.monotonic()
            if not fragment:
                self._forget()
            self._finished.clear()
            await self._socket.send(message.SerializeToString())
            await asyncio.wait_for(self._finished.wait(), 60)
            return time.monotonic() - began

    def _forget(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers = {}

    async def _read(self) -> None:
        async for data in self._socket:
            message = ForwardMsg()
            message.ParseFromString(data if isinstance(data, bytes) else data.encode())
            kind = message.WhichOneof("type")
            if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                self._seen(message.delta.new_element)
            elif kind == "auto_rerun":
                self._every(message.auto_rerun.fragment_id, message.auto_rerun.interval)
            elif kind == "page_info_changed":
                self.query = message.page_info_changed.query_string
            elif kind == "script_finished":
                self._finished.set()

    def _seen(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        self.errors += kind == "exception"
        widget = getattr(getattr(element, kind), "id", "")
        if widget.startswith("$$"):
            self.widgets[widget.partition("-")[2].partition("-")[2]] = widget

    def _every(self, fragment: str, seconds: float) -> None:
        async def again() -> None:
            while True:
                await asyncio.sleep(seconds)
                with contextlib.suppress(TimeoutError):
                    await self._run(fragment)

        if fragment not in self._timers:
            self._timers[fragment] = asyncio.create_task(again())
