"""Alerts are posted, to hosts that the manifest allows and within five seconds."""

import http.client
import io
import json
import socket
import threading
from collections.abc import Mapping
from contextlib import closing, suppress
from typing import Any, Final
from urllib.parse import SplitResult, quote, urlsplit

from procure.runs.manifest import Webhook

TIME_S: Final = 5.0
"""For everything: finding the host, connecting, sending, and what it says."""
MOST_BYTES: Final = 64 * 1024
"""Read of an answer, of which its first line says what is to be known."""
_KEPT: Final = "/?%:@!$&'()*+,;=~"


class NotPosted(Exception):
    """The alerts did not reach the receiver; the message says why."""


def post(webhook: Webhook, payload: Mapping[str, Any], time_s: float = TIME_S) -> None:
    """Post plain data as JSON; redirections are not followed, and proxies of the environment are not used.

    Raises
    ------
    NotPosted
        When the host is not allowed or the URL cannot be used, when the receiver cannot be reached, or when it does
        not say in time that it has taken it.
    """
    url = allowed(webhook)
    target = quote(url.path or "/", safe=_KEPT) + (f"?{quote(url.query, safe=_KEPT)}" if url.query else "")
    said: list[int | Exception] = []
    sockets: list[socket.socket] = []
    body = json.dumps(payload, allow_nan=False).encode()
    # in a thread: whoever sends a byte now and then would keep us for ever
    talk = threading.Thread(target=_talk, args=(url, target, body, time_s, said, sockets), daemon=True)
    talk.start()
    talk.join(time_s)
    answer = said[0] if said else None
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)  # whoever still waits on it ends
    if answer is None or isinstance(answer, TimeoutError):
        raise NotPosted(f"{url.hostname} did not answer within {time_s:g} s")
    if isinstance(answer, Exception):
        raise NotPosted(f"{url.hostname}: {type(answer).__name__}: {_printable(str(answer))}")
    if not 200 <= answer < 300:
        more = "; redirections are not followed" if 300 <= answer < 400 else ""
        raise NotPosted(f"{url.hostname} answered {answer}{more}")


def allowed(webhook: Webhook) -> SplitResult:
    """Return the parts of a URL that may be posted to.

    Raises
    ------
    NotPosted
        When it is none of HTTP, carries user or password, or its host is not, letter by letter, one of those allowed.
    """
    try:
        url = urlsplit(webhook.url)
        host, port = url.hostname, url.port
    except ValueError as error:
        raise NotPosted(f"not a URL: {error}") from None
    if url.scheme not in ("http", "https") or not host or port == 0:
        raise NotPosted("expected a URL such as https://host/path")
    if "@" in url.netloc:
        raise NotPosted("expected no user or password in the URL")
    if host not in {name.lower() for name in webhook.hosts}:
        raise NotPosted(f"{_printable(host)} is not one of the hosts allowed")
    return url


def _talk(
    url: SplitResult, target: str, body: bytes, time_s: float, said: list[int | Exception], sockets: list[socket.socket]
) -> None:
    """Post, and put the status of the answer, or what went wrong, into a list; the socket into another."""
    assert url.hostname is not None
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    try:
        with closing(kind(url.hostname, url.port, timeout=time_s)) as connection:
            connection.response_class = _Answer
            connection.connect()
            sockets.append(connection.sock)
            connection.request("POST", target, body, {"Content-Type": "application/json", "User-Agent": "procure"})
            said.append(connection.getresponse().status)
    except Exception as error:  # whatever a receiver does, it is no failure of the batch
        said.append(error)


class _Answer(http.client.HTTPResponse):
    """An answer of which no more than `MOST_BYTES` are read."""

    def __init__(self, sock: socket.socket, *more: Any, **named: Any) -> None:
        super().__init__(sock, *more, **named)
        self.fp = io.BufferedReader(_Beginning(self.fp))


class _Beginning(io.RawIOBase):
    """The beginning of what a stream gives."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream, self._left = stream, MOST_BYTES

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there, as far as it may."""
        found = self._stream.read1(min(len(buffer), self._left)) if self._left else b""
        buffer[: len(found)] = found
        self._left -= len(found)
        return len(found)

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()
        super().close()


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:200]
