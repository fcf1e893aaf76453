"""One HTTP conversation with the sidecar, and the ways in which it can fail.

Nothing here knows Odoo's environment: the client is built from plain values, so that it can be
used from a thread after the transaction is over. Each way to fail is a class of its own, because
each needs other words and another remedy (see ``loyalty.sidecar._words_for_admin``).
"""

import itertools
from urllib.parse import urlsplit

import requests

CONNECT_SECONDS = 1.0
READ_SECONDS = 3.0
MAX_BATCH = 100


class SidecarError(Exception):
    """The sidecar did not do what it was asked. ``kind`` is stable and made for programs."""

    kind = "error"


class SidecarNotConfigured(SidecarError):
    """No address or no token has been entered. ``missing`` says which."""

    kind = "not_configured"

    def __init__(self, missing):
        super().__init__(f"the sidecar's {missing} is not set")
        self.missing = missing


class SidecarBadAddress(SidecarError):
    """The address is not one of HTTP."""

    kind = "bad_address"


class SidecarUnreachable(SidecarError):
    """Nobody listens there, or the name does not resolve."""

    kind = "unreachable"


class SidecarTimeout(SidecarError):
    """It was asked and did not answer in time: the request may or may not have been done."""

    kind = "timeout"


class SidecarTlsFailed(SidecarError):
    """No encrypted connection. ``reason``: certificate (not trusted, of another name, too old) or protocol."""

    kind = "tls_failed"

    def __init__(self, reason, detail):
        super().__init__(detail)
        self.reason = reason


class SidecarUnauthorized(SidecarError):
    """HTTP 401: the token is wrong, malformed or revoked."""

    kind = "unauthorized"


class SidecarUnexpectedAnswer(SidecarError):
    """Something answers there, but it does not speak the sidecar's JSON-RPC."""

    kind = "not_a_sidecar"

    def __init__(self, status):
        super().__init__(f"an answer that is not JSON-RPC (HTTP {status})")
        self.status = status


class SidecarRefusal(SidecarError):
    """A JSON-RPC error: the sidecar understood, and says no. ``data`` holds the figures."""

    def __init__(self, code, message, data=None):
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data if isinstance(data, dict) else {}
        self.kind = self.data.get("kind") or f"rpc_{code}"


class SidecarClient:
    """A client for one address and one token. It keeps no connection and may cross threads."""

    _ids = itertools.count(1)

    def __init__(self, url, token, read_seconds=READ_SECONDS):
        url = (url or "").strip().rstrip("/")
        token = (token or "").strip()
        if not url:
            raise SidecarNotConfigured("address")
        if not token:
            raise SidecarNotConfigured("token")
        # The hostname property is the one that parses: a port that is no number raises only there.
        try:
            parts = urlsplit(url)
            valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            valid = False
        # A header is ASCII; anything else would fail deep inside the HTTP library.
        if not valid:
            raise SidecarBadAddress(url)
        if not token.isascii() or any(char.isspace() for char in token):
            raise SidecarUnauthorized("the token has characters no token has")
        self.url = url
        self._token = token
        self._endpoint = url if url.endswith("/jsonrpc") else url + "/jsonrpc"
        self._timeout = (CONNECT_SECONDS, read_seconds)

    def wait_at_most(self, seconds):
        """Shorten how long each answer is waited for."""
        connect, read = self._timeout
        self._timeout = (min(connect, seconds), min(read, seconds))

    def __repr__(self):
        return f"<SidecarClient {self.url}>"

    def call(self, method, params=None):
        """Return the result of one method, or raise a :class:`SidecarError`."""
        request = self._request(method, params)
        return self._result(self._post(request))

    def call_many(self, calls):
        """Send ``[(method, params), …]`` as one batch; return a result or refusal for each."""
        answers = []
        for start in range(0, len(calls), MAX_BATCH):
            batch = [
                self._request(method, params) for method, params in calls[start : start + MAX_BATCH]
            ]
            replies = self._post(batch)
            if isinstance(replies, dict):  # the batch as a whole was refused
                self._result(replies)
                raise SidecarUnexpectedAnswer(200)
            by_id = {reply.get("id"): reply for reply in replies if isinstance(reply, dict)}
            for request in batch:
                try:
                    answers.append(self._result(by_id.get(request["id"])))
                except SidecarRefusal as refusal:
                    answers.append(refusal)
        return answers

    def _request(self, method, params):
        return {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params or {}}

    def _authorize(self, request):
        # Given as an auth callable and not as a header: requests would let ~/.netrc replace it.
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def _post(self, payload):
        try:
            response = requests.post(
                self._endpoint,
                json=payload,
                auth=self._authorize,
                timeout=self._timeout,
                # A redirect would turn the POST into a GET elsewhere: whoever redirects is no sidecar.
                allow_redirects=False,
            )
        except requests.exceptions.ConnectTimeout as error:
            raise SidecarUnreachable(str(error)) from error
        except requests.exceptions.Timeout as error:
            raise SidecarTimeout(str(error)) from error
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
            raise SidecarBadAddress(str(error)) from error
        except requests.exceptions.SSLError as error:
            detail = str(error)
            reason = "certificate" if "certificate verify failed" in detail.lower() else "protocol"
            raise SidecarTlsFailed(reason, detail) from error
        except requests.exceptions.RequestException as error:
            raise SidecarUnreachable(str(error)) from error
        if response.status_code == 401:
            raise SidecarUnauthorized("HTTP 401")
        try:
            answer = response.json()
        except ValueError as error:
            raise SidecarUnexpectedAnswer(response.status_code) from error
        if not isinstance(answer, dict | list):
            raise SidecarUnexpectedAnswer(response.status_code)
        return answer

    @staticmethod
    def _result(reply):
        if not isinstance(reply, dict) or reply.get("jsonrpc") != "2.0":
            raise SidecarUnexpectedAnswer(200)
        error = reply.get("error")
        if isinstance(error, dict):
            raise SidecarRefusal(error.get("code"), error.get("message") or "", error.get("data"))
        if "result" not in reply:
            raise SidecarUnexpectedAnswer(200)
        return reply["result"]
