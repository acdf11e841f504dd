"""An HTTP client that trusts nothing that comes back.

Whatever a service does, a request ends within its deadline as a reply of bounded size, or as a
`ServiceError`: no redirect is followed, so that the key goes to its host only; a compressed body is
unpacked up to the limit and no further; JSON that is nested or branched beyond all use is refused
before a library builds objects of it. Servers on this computer or in the local network are asked
directly, all others through the proxy that the environment names.
"""

import asyncio
import ipaddress
import json
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2

from s1lib.errors import CourseError, printable
from s1lib.services.failures import ServiceError, error_inside, failure_from

CONNECT = 30.0  # seconds at most until a connection stands
MAX_DEPTH = 64
MAX_CONTAINERS = 20_000  # objects and lists in a reply; a real one has tens
COMPRESSED = ("gzip", "x-gzip", "deflate")


def is_own_server(host: str) -> bool:
    """Tell whether a host is this computer or stands in the local network."""
    if "." not in host and ":" not in host:  # localhost, and names of the local network
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]").split("%")[0])
    except ValueError:
        return host.endswith((".localhost", ".local"))
    return address.is_private or address.is_loopback or address.is_link_local


def shown(url: str) -> str:
    """Return an address as it may be shown: without a user's name and password in it."""
    try:
        plain = httpx2.URL(url).copy_with(username=None, password=None, query=None)
    except (httpx2.InvalidURL, ValueError, TypeError):
        return "an address that cannot be read"
    return printable(str(plain), 200)


class Client(httpx2.AsyncClient):
    """Ask one service. `deadline` is in seconds, for a whole request; `most` in bytes of a body.

    `tidy` may change a reply's JSON before it is read by a library.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        deadline: float = 600,
        most: int = 4 << 20,
        tidy: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    ) -> None:
        """Raises CourseError for an address or a proxy that cannot be used."""
        self.key, self.deadline, self.most, self.tidy = key, deadline, most, tidy
        try:
            host = httpx2.URL(url).host
            valid = httpx2.URL(url).scheme in ("http", "https") and host
        except (httpx2.InvalidURL, ValueError, TypeError):
            valid = False
        if not valid:
            raise CourseError(
                f"{shown(url)!r} is no address of a service: it must begin with http:// or https://."
            )
        own = is_own_server(host)
        try:
            super().__init__(
                base_url=url,
                headers={"Accept-Encoding": "gzip"},
                timeout=httpx2.Timeout(deadline, connect=min(CONNECT, deadline), pool=None),
                limits=httpx2.Limits(max_connections=None, max_keepalive_connections=64),
                trust_env=not own,  # of the environment an own server takes the certificates only
                verify=httpx2.create_ssl_context(trust_env=url.startswith("https")),
            )
        except (ImportError, ValueError, OSError, httpx2.InvalidURL):
            # Their texts may hold the password of a proxy.
            raise CourseError(
                "the environment names a proxy or certificates that cannot be used: look at "
                "https_proxy, all_proxy and SSL_CERT_FILE (a SOCKS proxy needs `pip install "
                "socksio`)."
            ) from None

    async def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send JSON, or GET without a body, and return the JSON object that comes back.

        Raises ServiceError.
        """
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        method = "GET" if body is None else "POST"
        reply = await self.request(method, path, json=body, headers=headers)
        return reply.json()

    async def send(self, request: httpx2.Request, **others: Any) -> httpx2.Response:
        """Send a request; raises ServiceError for everything but a reply that can be read."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.deadline
        request.extensions["timeout"] = self.timeout.as_dict()
        try:
            async with asyncio.timeout_at(end):
                reply = await super().send(request, stream=True, follow_redirects=False)
                self.cookies.clear()
                content = b"".join([piece async for piece in self.pieces(reply, end)])
            return _copy(request, reply, content=self._checked(request, reply, content))
        except ServiceError:
            raise
        except Exception as error:
            raise self.failure(error, request) from None

    def _checked(self, request: httpx2.Request, reply: httpx2.Response, content: bytes) -> bytes:
        """Return a reply's JSON if it is an answer; raise ServiceError if it is not."""
        status, headers = reply.status_code, reply.headers
        sent = json.loads(request.content or b"null")
        if 300 <= status < 400:
            there = printable(headers.get("location", ""), 80)
            raise ServiceError(
                f"HTTP {status}: the service sends on to {there!r}, and the key goes to its own "
                "host only; if that is right, put that address into the profile's `url`",
                "row",
            )
        try:
            body = read_json(content)
        except ValueError as error:
            if status == 200:
                raise ServiceError(f"unreadable: {error}", "passing", billed=True) from None
            body = None
        if status != 200:
            raise failure_from(status, headers, body, self.key, sent)
        if found := error_inside(body):
            raise failure_from(found[0], headers, found[1], self.key, sent)
        if not isinstance(body, dict):
            raise ServiceError("unreadable: no JSON object", "passing", billed=True)
        return json.dumps(self.tidy(body)).encode() if self.tidy else content

    async def pieces(self, reply: httpx2.Response, end: float) -> AsyncIterator[bytes]:
        """Yield a body, unpacked, until it ends, is too long or the deadline has come."""
        form = reply.headers.get("content-encoding", "").strip().lower()
        if form not in ("", "identity", *COMPRESSED):
            raise ServiceError(
                "unreadable: compressed in a way that was not asked for", "passing", billed=True
            )
        unpack = zlib.decompressobj(47) if form in COMPRESSED else None  # 47: gzip or zlib
        raw = room = self.most
        chunks = aiter(reply.aiter_raw())
        try:
            while True:
                async with asyncio.timeout_at(end):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    break
                piece = unpack.decompress(chunk, room + 1) if unpack else chunk
                raw, room = raw - len(chunk), room - len(piece)
                if raw < 0 or room < 0:
                    raise ServiceError(
                        f"the reply is longer than {self.most / 1e6:.1f} MB", "passing", billed=True
                    )
                if piece:
                    yield piece
            if unpack and not unpack.eof and raw < self.most:
                raise ServiceError("the reply was cut", "passing", billed=True)
        finally:
            await reply.aclose()

    def failure(self, error: Exception, request: httpx2.Request) -> ServiceError:
        """Say what an exception on the way to the service means."""
        name = type(error).__name__
        if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError):
            where = f"{request.url.host}:{request.url.port or request.url.scheme}"
            words = printable(str(error), 100) or name
            return ServiceError(f"no connection to {where} ({words})", "unreachable")
        if isinstance(error, TimeoutError | httpx2.TimeoutException):
            reason = f"no whole answer within {self.deadline:g} s"
        elif isinstance(error, httpx2.TransportError | OSError):
            reason = f"the connection broke ({name})"
        else:
            reason = f"unreadable: {name}"
        return ServiceError(reason, "passing", billed=True)


def _copy(request: httpx2.Request, reply: httpx2.Response, **content: Any) -> httpx2.Response:
    """Return a reply with another body, which is not compressed."""
    dropped = ("content-encoding", "content-length", "transfer-encoding")
    headers = [(k, v) for k, v in reply.headers.multi_items() if k not in dropped]
    return httpx2.Response(reply.status_code, headers=headers, request=request, **content)


def read_json(content: bytes) -> Any:
    """Parse JSON that a service sent.

    Raises ValueError if it is none, or deeper or more branched than any real reply.
    """
    try:
        value = json.loads(content, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except ValueError:
        raise ValueError("no JSON") from None
    level, containers = [value], 0
    for _ in range(MAX_DEPTH):
        level = [v for v in level if isinstance(v, dict | list)]
        containers += len(level)
        if containers > MAX_CONTAINERS:
            raise ValueError("too many parts")
        level = [v for c in level for v in (c.values() if isinstance(c, dict) else c)]
        if not level:
            return value
    raise ValueError("nested too deep")


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
