"""What listens at an address that did not answer as asked: only for the words of *Test connection*.

Nothing secret is sent: the question about plain HTTP goes without the token, and TLS ends after its greeting.
"""

import socket
import ssl
from urllib.parse import urlsplit, urlunsplit

import requests

PROBE_SECONDS = 2.0


def speaks_plain_http(url):
    """Whether an ``https://`` address is served without encryption."""
    parts = urlsplit(url)
    plain = urlunsplit(("http", _with_port(parts, 443), "/healthz", "", ""))
    try:
        requests.get(plain, timeout=PROBE_SECONDS, allow_redirects=False)
    except requests.exceptions.RequestException:
        return False
    return True


def speaks_tls(url):
    """Whether an ``http://`` address wants encryption."""
    parts = urlsplit(url)
    # Only whether TLS is spoken is asked; nothing is sent that a wrong certificate could give away.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((parts.hostname, parts.port or 80), PROBE_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=parts.hostname),
        ):
            return True
    except (OSError, ValueError):
        return False


def _with_port(parts, default):
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{host}:{parts.port or default}"
