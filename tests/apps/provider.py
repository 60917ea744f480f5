"""An OpenID Connect provider on this machine, which signs in whoever its cookie names."""

import base64
import hashlib
import json
import secrets
import threading
import time
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlparse

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

CLIENT = "procure"


class Provider:
    """The provider, in a thread.

    ``cookie`` gives what a browser must hold to be signed in as somebody; ``claims`` are what it says of people beyond
    their e-mail address.
    """

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.codes: dict[str, dict[str, str]] = {}
        self.claims: dict[str, dict[str, Any]] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Answers", (_Answers,), {"provider": self}))
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://localhost:{self.server.server_port}"

    def cookie(self, email: str) -> dict[str, str]:
        """Return the cookie that signs somebody in."""
        return {"name": "who", "value": email, "url": self.url}

    def write_secrets(self, folder: Path, port: int) -> None:
        """Write what the app on a port has to know of it."""
        path = folder / ".streamlit" / "secrets.toml"
        path.parent.mkdir()
        path.write_text(
            "[auth]\n"
            f'redirect_uri = "http://localhost:{port}/oauth2callback"\n'
            f'cookie_secret = "{secrets.token_hex(32)}"\n'
            f'client_id = "{CLIENT}"\n'
            f'client_secret = "{secrets.token_hex()}"\n'
            f'server_metadata_url = "{self.url}/.well-known/openid-configuration"\n'
        )

    def close(self) -> None:
        """End it."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def metadata(self) -> dict[str, Any]:
        """Return what it says of itself."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "email", "profile"],
        }

    def keys(self) -> dict[str, Any]:
        """Return its public key."""
        numbers = self.key.public_key().public_numbers()
        public = {"n": _number(numbers.n), "e": _number(numbers.e)}
        return {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one", **public}]}

    def code(self, email: str, nonce: str) -> str:
        """Return a code that is good for one token."""
        code = secrets.token_urlsafe()
        self.codes[code] = {"email": email, "nonce": nonce}
        return code

    def token(self, code: str) -> dict[str, Any]:
        """Return the token of a code."""
        asked, now = self.codes.pop(code), int(time.time())
        claims = {
            "iss": self.url, "aud": CLIENT, "sub": hashlib.sha256(asked["email"].encode()).hexdigest(), "iat": now,
            "exp": now + 3600, "email": asked["email"], "email_verified": True, "nonce": asked["nonce"],
        } | self.claims.get(asked["email"], {})  # fmt: skip
        head = {"alg": "RS256", "typ": "JWT", "kid": "one"}
        signed = ".".join(_text(json.dumps(part).encode()) for part in (head, claims))
        signature = _text(self.key.sign(signed.encode(), padding.PKCS1v15(), SHA256()))
        return {
            "access_token": "none", "token_type": "Bearer", "expires_in": 3600, "id_token": f"{signed}.{signature}"
        }  # fmt: skip


class _Answers(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        """Answer what the browser, and what the app asks."""
        address = urlparse(self.path)
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        if address.path == "/authorize":
            who = SimpleCookie(self.headers.get("Cookie", ""))["who"].value
            answer = {"code": self.provider.code(who, asked.get("nonce", "")), "state": asked["state"]}
            self.send_response(302)
            self.send_header("Location", f"{asked['redirect_uri']}?{urlencode(answer)}")
            self.end_headers()
        else:
            self._say(self.provider.keys() if address.path == "/keys" else self.provider.metadata())

    def do_POST(self) -> None:
        """Give a token for a code."""
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self._say(self.provider.token(asked["code"][0]))

    def _say(self, what: dict[str, Any]) -> None:
        body = json.dumps(what).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _text(value.to_bytes((value.bit_length() + 7) // 8, "big"))
