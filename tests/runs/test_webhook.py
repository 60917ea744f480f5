"""Alerts reach the host that is allowed, and no receiver keeps or misleads us."""

import contextlib
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from procure.runs.manifest import Webhook
from procure.runs.webhook import MOST_BYTES, NotPosted, allowed, post

PAYLOAD = {"alerts": [{"unit": "ü"}]}


class Receiver(BaseHTTPRequestHandler):
    """Answers as its path says, and remembers what it was sent."""

    def do_POST(self):
        """Take a post."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, self.headers["Content-Type"], json.loads(body)))
        if self.path.startswith("/moved"):
            self.send_response(307)
            self.send_header("Location", "/elsewhere")
        else:
            self.send_response(500 if self.path == "/broken" else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        """Say nothing."""


@pytest.fixture
def receiver():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.taken = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def talker():
    """Return the port of a server that says what a function does to the connection."""
    opened, threads = [], []

    def serve(act):
        listening = socket.create_server(("127.0.0.1", 0))
        opened.append(listening)

        def run():
            with contextlib.suppress(OSError), listening.accept()[0] as connection:
                connection.recv(100_000)
                act(connection)

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        return listening.getsockname()[1]

    yield serve
    for listening in opened:
        listening.close()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def hook(port, path="/", host="127.0.0.1") -> Webhook:
    return Webhook(url=f"http://{host}:{port}{path}", hosts=("127.0.0.1",))


def test_alerts_are_posted_as_json(receiver) -> None:
    post(hook(receiver.server_port, "/a/b?c=d&e=ü"), PAYLOAD)
    assert receiver.taken == [("/a/b?c=d&e=%C3%BC", "application/json", PAYLOAD)]


def test_a_redirection_is_not_followed(receiver) -> None:
    with pytest.raises(NotPosted, match="answered 307; redirections are not followed"):
        post(hook(receiver.server_port, "/moved"), PAYLOAD)
    assert [path for path, *_ in receiver.taken] == ["/moved"]


def test_an_answer_that_is_no_success_is_told(receiver) -> None:
    with pytest.raises(NotPosted, match=r"127\.0\.0\.1 answered 500"):
        post(hook(receiver.server_port, "/broken"), PAYLOAD)


def test_proxies_of_the_environment_are_not_asked(receiver, monkeypatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    post(hook(receiver.server_port), PAYLOAD)
    assert len(receiver.taken) == 1


def hangs(connection) -> None:
    while connection.recv(100_000):
        pass  # until the other side has had enough


def drips(connection) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-Pad: " + b"x" * 20 + b"\r\n")
        time.sleep(0.05)


def waits(connection) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.05)


@pytest.mark.parametrize("act", [hangs, waits])
def test_who_never_answers_is_left_in_time(talker, act) -> None:
    began = time.monotonic()
    with pytest.raises(NotPosted, match=r"did not answer within 0\.5 s"):
        post(hook(talker(act)), PAYLOAD, time_s=0.5)
    assert time.monotonic() - began < 2


def test_who_drips_headers_is_left(talker) -> None:
    with pytest.raises(NotPosted, match=r"within 1 s|HTTPException"):
        post(hook(talker(drips)), PAYLOAD, time_s=1)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nX-Long: "])
def test_endless_garbage_is_read_in_part(talker, head) -> None:
    """The first line says whether it was taken; the receiver notes how much was read of it, or lies in between."""
    sent = []

    def act(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        connection.sendall(head)
        while True:
            sent.append(connection.send(b"\xff\x00<" * 4096))

    with contextlib.nullcontext() if head else pytest.raises(NotPosted, match=r"BadStatusLine|LineTooLong"):
        post(hook(talker(act)), PAYLOAD, time_s=5)
    assert sum(sent) < MOST_BYTES + 8_000_000


def test_a_long_body_is_not_waited_for(talker) -> None:
    def act(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            connection.sendall(b"x" * 10_000)

    began = time.monotonic()
    post(hook(talker(act)), PAYLOAD, time_s=5)
    assert time.monotonic() - began < 4


def test_who_hangs_up_or_is_not_there_is_told(talker) -> None:
    with pytest.raises(NotPosted, match="RemoteDisconnected"):
        post(hook(talker(lambda connection: None)), PAYLOAD)
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(NotPosted, match="ConnectionRefusedError"):
        post(hook(port), PAYLOAD)


def test_a_certificate_that_nobody_knows_is_refused(talker) -> None:
    """A server that does not even speak TLS is refused as one whose certificate is not right."""
    url = f"https://127.0.0.1:{talker(lambda connection: connection.sendall(b'HTTP/1.1 200 OK'))}/"
    with pytest.raises(NotPosted, match="SSLError"):
        post(Webhook(url=url, hosts=("127.0.0.1",)), PAYLOAD)


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/", "http://good.example.evil.example/", "http://evilgood.example/",
        "http://good.example./", "http://sub.good.example/", "http://evil.example/?good.example",
        "http://evil.example#good.example", "http://good.example\\.evil.example/", "http://[::1]/",
        "http://good.example:99999/", "http://good.example:x/", "http://good.example:0/", "http:///good.example",
        "http://gооd.example/",  # two letters are Cyrillic
    ],
)  # fmt: skip
def test_hosts_that_are_not_allowed(url) -> None:
    with pytest.raises(NotPosted):
        post(Webhook(url=url, hosts=("good.example",)), PAYLOAD)


@pytest.mark.parametrize(
    "url", ["http://me:secret@good.example/", "http://evil.example@good.example/", "ftp://good.example/"]
)
def test_urls_that_a_manifest_may_not_hold(url) -> None:
    """Nor are they posted to, if they came another way."""
    with pytest.raises(ValueError, match="pattern"):
        Webhook(url=url, hosts=("good.example",))
    with pytest.raises(NotPosted):
        post(Webhook.model_construct(url=url, hosts=("good.example",)), PAYLOAD)


def test_hosts_are_compared_without_regard_to_case() -> None:
    assert allowed(Webhook(url="http://Good.Example:81/x", hosts=("GOOD.example",))).port == 81
