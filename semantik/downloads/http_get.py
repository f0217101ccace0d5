"""One GET request whose answer's head arrives within a deadline, whatever is wrong with the network."""

from __future__ import annotations

import contextlib
import http.cookiejar
import ipaddress
import logging
import queue
import socket
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from semantik import __version__
from semantik.errors import DownloadFailed, NoNetwork, UnsafeRedirect, UntrustedServer
from semantik.long_tasks import TaskControl

if TYPE_CHECKING:
    import requests

    Answer = requests.Response | Exception

log = logging.getLogger(__name__)

MOST_REDIRECTS = 5

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class _Unsafe(ValueError):
    """A redirect that is not followed; its address."""


def open_url(
    name: str, url: str, headers: Mapping[str, str], timeout: float, control: TaskControl
) -> requests.Response:
    """Send the request and wait for the head of the answer, ``timeout`` seconds in all.

    The body is still to be read from ``response.raw``; a silence of ``timeout`` seconds breaks it.
    ``name`` is what the user calls the file. Only http and https, redirects included; no cookie, no
    password from ~/.netrc and nothing but the given headers and the program's name is sent. The
    proxies and certificates that the environment names are used.

    Raises NoNetwork, UntrustedServer, Cancelled, or DownloadFailed for an address that cannot be used.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise DownloadFailed(name=name, detail=f"http(s) only: {url}")
    # In a thread of its own, because requests' time limits count for each address of a host and for
    # each step apart, and there is none at all for looking up the host's name.
    answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
    given_up = threading.Event()
    threading.Thread(
        target=_request, args=(url, dict(headers), timeout, answers, given_up), name="open-url", daemon=True
    ).start()
    deadline = time.monotonic() + timeout
    try:
        while (left := deadline - time.monotonic()) > 0:
            control.stop_if_cancelled()
            with contextlib.suppress(queue.Empty):
                answer = answers.get(timeout=min(left, 0.1))
                if isinstance(answer, Exception):
                    raise _explained(answer, name, url) from answer
                return answer
    except BaseException:
        given_up.set()
        raise
    given_up.set()
    log.info("%s: no answer in %.1f s", url, timeout)
    raise NoNetwork(name=name, host=host_of(url))


def host_of(url: str) -> str:
    """The server's name, to show."""
    return urlsplit(url).hostname or url


def _request(
    url: str,
    headers: dict[str, str],
    timeout: float,
    answers: queue.SimpleQueue[Answer],
    given_up: threading.Event,
) -> None:
    import requests
    import urllib3

    try:
        answer = _follow(url, headers, timeout)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        answers.put(error)
        return
    if given_up.is_set():
        answer.close()
    answers.put(answer)


def _follow(url: str, headers: dict[str, str], timeout: float) -> requests.Response:
    """Send the request and follow redirects; by hand, because requests would carry cookies along."""
    import requests

    from semantik.downloads.pinned_addresses import pinned_adapter

    # A dead first address (a broken IPv6, say) must leave time for the next one.
    times = (timeout * 0.4, timeout)
    begun = urlsplit(url)
    asked: list[str] = []  # the addresses of the server that the user named; none when a proxy asks it

    def stay_outside(address: str) -> None:
        """Refuse an address of the own network, whatever the name said when it was asked before."""
        if asked and all(map(_is_public, asked)) and not _is_public(address):
            raise _Unsafe(url)

    for hop in range(MOST_REDIRECTS + 1):
        if hop:
            _check_redirect(begun.scheme, begun.hostname or "", url)
        session = requests.Session()
        adapter = pinned_adapter(stay_outside if hop else asked.append)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        session.headers.clear()
        session.headers["User-Agent"] = f"SemantikSearch/{__version__}"
        session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        settings = session.merge_environment_settings(url, {}, True, None, None)
        session.trust_env = False  # for the request itself: ~/.netrc would send a password
        answer = session.get(url, headers=headers, timeout=times, allow_redirects=False, **settings)
        target = session.get_redirect_target(answer)
        if not target:
            return answer
        answer.close()
        url = urljoin(url, target)
    raise requests.TooManyRedirects(f"more than {MOST_REDIRECTS} redirects")


def _check_redirect(scheme: str, host: str, url: str) -> None:
    """Raises _Unsafe for a redirect out of https, or into this machine's own network unless that was asked of."""
    target = urlsplit(url)
    if scheme == "https" and target.scheme != "https":
        raise _Unsafe(url)
    name = target.hostname or ""
    if name != host and _is_private(name) and not _is_private(host):
        raise _Unsafe(url)


def _is_private(host: str) -> bool:
    """Whether any address of a host is not one of the public internet's; a name that has none is not."""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return False
    return not all(_is_public(address.partition("%")[0]) for address in found)


def _is_public(address: str) -> bool:
    number = ipaddress.ip_address(address)
    if isinstance(number, ipaddress.IPv6Address):
        inner = number.ipv4_mapped or number.sixtofour
        if number in _NAT64:
            inner = ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)
        return inner.is_global if inner else number.is_global
    return number.is_global and not number.is_multicast


def _explained(error: Exception, name: str, url: str) -> DownloadFailed:
    """What a failed request means to the user."""
    import requests

    log.info("%s: %r", url, error)
    if isinstance(error, _Unsafe):
        return UnsafeRedirect(name=name, host=host_of(str(error)))
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return UntrustedServer(name=name, host=host_of(url), detail=str(error))
    if isinstance(error, (requests.ConnectionError, requests.Timeout)):
        return NoNetwork(name=name, host=host_of(url))
    return DownloadFailed(name=name, detail=str(error))
