"""Keeps the load on the server under test: Locust's own clients refuse every other address.

A request to another host would load a server that is not ours, and take the run's token there.
Imports Locust's transports: only for the process that is Locust's.
"""

from collections.abc import Callable
from typing import Any

from geventhttpclient.client import HTTPClient
from locust.clients import HttpSession
from requests import PreparedRequest, RequestException, Response, Session
from requests.utils import resolve_proxies, select_proxy
from urllib3.util import parse_url


def guard_clients(allowed: Callable[[], str]) -> None:
    """Let Locust's clients send to nothing but the address that `allowed` returns.

    An address is scheme, host and port, such as "http://127.0.0.1:8000". Each request is checked
    where it is about to be sent, so that redirects are seen as well. What is refused raises an
    error of connecting, and so becomes a failed request. Replaces methods of the clients' classes.
    """
    send_fast, send = HTTPClient.request, Session.send

    def check_fast(client: HTTPClient, *arguments: Any, **options: Any) -> Any:
        address = f"{'https' if client.ssl else 'http'}://{client.host}:{client.port}"
        if address != allowed() or client.use_proxy:
            raise ConnectionError(_refusal(address, client.use_proxy, allowed()))
        return send_fast(client, *arguments, **options)

    def check(client: HttpSession, request: PreparedRequest, **options: Any) -> Response:
        url = parse_url(request.url or "")
        address = f"{url.scheme}://{url.netloc}"
        proxies = resolve_proxies(request, options.get("proxies", client.proxies), False)
        proxied = bool(select_proxy(url.url, proxies))
        if address != allowed() or proxied:
            raise RequestException(_refusal(address, proxied, allowed()))
        return send(client, request, **options)

    HTTPClient.request = check_fast  # type: ignore[method-assign, assignment]
    HttpSession.send = check  # type: ignore[method-assign, assignment]


def _refusal(address: str, proxied: bool, allowed: str) -> str:
    return f"not sent to {address}{proxied * ' through a proxy'}: only {allowed} is under test"
