"""Keeps the load on the server under test: Locust's own clients refuse every other address.

A request to another host would load a server that is not ours, and take the run's token there.
Imports Locust's transports: only for the process that is Locust's.
"""

from __future__ import annotations

from typing import Any

from geventhttpclient.client import HTTPClient
from locust.clients import HttpSession
from requests import PreparedRequest, RequestException, Response, Session
from requests.utils import resolve_proxies, select_proxy
from urllib3.util import parse_url

Origin = tuple[str | None, str | None, int | None]
"""Scheme, host and port."""

_PORTS = {"http": 80, "https": 443}


class HostGuard:
    """Checks each request where it is about to be sent, so that redirects are seen as well.

    What is refused raises an error of connecting, and so becomes a failed request. There is one
    guard in a process: it replaces methods of the clients' classes.
    """

    def __init__(self) -> None:
        self._allowed: Origin = (None, None, None)
        send_fast, send = HTTPClient.request, Session.send

        def check_fast(client: HTTPClient, *arguments: Any, **options: Any) -> Any:
            scheme = "https" if client.ssl else "http"
            if reason := self._reason((scheme, client.host, client.port), client.use_proxy):
                raise ConnectionError(reason)
            return send_fast(client, *arguments, **options)

        def check(client: HttpSession, request: PreparedRequest, **options: Any) -> Response:
            url = request.url or ""
            proxies = resolve_proxies(request, options.get("proxies", client.proxies), False)
            if reason := self._reason(_origin(url), bool(select_proxy(url, proxies))):
                raise RequestException(reason)
            return send(client, request, **options)

        HTTPClient.request = check_fast  # type: ignore[method-assign, assignment]
        HttpSession.send = check  # type: ignore[method-assign, assignment]

    def allow(self, address: str) -> None:
        """Make `address`, such as "http://127.0.0.1:8000", the only one that requests go to."""
        self._allowed = _origin(address)

    def _reason(self, origin: Origin, proxied: bool) -> str:
        """Return why a request is not sent, "" if it may be."""
        if origin == self._allowed and not proxied:
            return ""
        where = f"{_address(origin)}{' through a proxy' if proxied else ''}"
        return f"not sent to {where}: only {_address(self._allowed)} is under test"


def _origin(url: str) -> Origin:
    parts = parse_url(url)
    return parts.scheme, parts.host, parts.port or _PORTS.get(parts.scheme or "")


def _address(origin: Origin) -> str:
    scheme, host, port = origin
    return f"{scheme}://{host}:{port}"
