"""A stand-in for the sidecar: a real HTTP server on loopback, which can be told to misbehave."""

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "lsk_test_secret"
MANAGER_TOKEN = "lsk_test_manager_secret"
ROLES = ("pos", "viewer", "manager", "admin")
# Methods that want more than the role pos.
ROLE_OF = {
    "loyalty.explain": "viewer",
    "member.list": "viewer",
    "redemption.list": "viewer",
    "exception.list": "viewer",
    "program.get": "viewer",
    "program.list": "viewer",
    "ledger.adjust": "manager",
    "exception.resolve": "manager",
    "member.transfer": "admin",
}


class Refuse(Exception):
    """Raised by an answer to send a JSON-RPC error."""

    def __init__(self, code, kind, message="", **data):
        super().__init__(kind)
        self.error = {"code": code, "message": message or kind, "data": {"kind": kind, **data}}


class FakeSidecar:
    """``answers[method]`` is a value, or a function of the parameters. ``mode`` is how it behaves."""

    def __init__(self):
        # Which role each accepted token has.
        self.tokens = {TOKEN: "viewer", MANAGER_TOKEN: "manager"}
        self.mode = "well"  # well | unauthorized | html | slow | redirect
        self.calls = []
        self.authorizations = []
        # Whose a program is: the id of its company by its code.
        self.companies = {}
        self.answers = {
            "system.version": {
                "version": "1.2.3",
                "odoo": {"reachable": True, "server_version": "19.0"},
            },
            "loyalty.balance": lambda params: [
                {"partner_id": partner_id, "programs": [self.balance()]}
                for partner_id in params["partner_ids"]
            ],
            "loyalty.quote": {
                "programs": [
                    {
                        "program": "club",
                        "earns": "30",
                        "balance_after": "150.00",
                        "rewards": [
                            {
                                "reward": "5off",
                                "name": "5 off",
                                "points": "100",
                                "discount": "5.00",
                                "applicable": True,
                            },
                            {
                                "reward": "mug",
                                "name": "A mug",
                                "points": "300",
                                "discount": "0.00",
                                "applicable": False,
                                "reason": "insufficient_points",
                            },
                        ],
                    }
                ]
            },
            "loyalty.hold": {
                "hold_id": "hold-1",
                "points": "100",
                "discount": "5.00",
                "expires_at": "2026-11-22T20:00:00Z",
            },
            "loyalty.capture": {"entry_id": "entry-1", "balance": "20.00"},
            "loyalty.release": {"released": True},
            "loyalty.history": {"entries": [], "next": None},
            "member.list": {"members": [], "next": None},
            "redemption.list": {"redemptions": [], "next": None},
            "exception.list": {"exceptions": [], "next": None},
            "program.list": {"programs": []},
            "program.get": lambda params: {
                "code": params["code"],
                "version": 1,
                "effective_from": None,
                "program": {"code": params["code"], "company_id": self.companies.get(params["code"])},
            },
            "sync.notify": lambda params: {"queued": len(params["order_ids"])},
        }
        self._arrived = threading.Condition()
        self._resume = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()

    @staticmethod
    def balance(**values):
        return {
            "program": "club",
            "name": "Club",
            "points_name": "points",
            "balance": "120.00",
            "held": "0.00",
            "available": "120.00",
            "expiring": [],
            **values,
        }

    def stop(self):
        self._resume.set()
        self._server.shutdown()
        self._server.server_close()

    def params_of(self, method):
        return [params for called, params in self.calls if called == method]

    def wait_for(self, method, seconds=10):
        """Wait until the method has been called; return its parameters."""
        with self._arrived:
            self._arrived.wait_for(lambda: self.params_of(method), seconds)
        return self.params_of(method)[-1] if self.params_of(method) else None

    def _answer(self, request, role):
        reply = {"jsonrpc": "2.0", "id": request["id"]}
        answer = self.answers.get(request["method"])
        wanted = ROLE_OF.get(request["method"], "pos")
        try:
            # As the sidecar does, before the parameters are looked at.
            if ROLES.index(role) < ROLES.index(wanted):
                raise Refuse(1301, "forbidden")
            if answer is None:
                reply["error"] = {"code": -32601, "message": "Method not found"}
            else:
                reply["result"] = answer(request["params"]) if callable(answer) else answer
        except Refuse as refusal:
            reply["error"] = refusal.error
        with self._arrived:
            self.calls.append((request["method"], request["params"]))
            self._arrived.notify_all()
        return reply

    def _handler(fake):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                fake.authorizations.append(self.headers.get("Authorization"))
                if fake.mode == "slow":
                    fake._resume.wait(20)
                if fake.mode == "redirect":
                    self.send_response(302)
                    self.send_header("Location", "/elsewhere")
                    self.end_headers()
                    return
                token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
                role = fake.tokens.get(token)
                if fake.mode == "unauthorized" or not role:
                    self._send(401, b"")
                    return
                if fake.mode == "html":
                    self._send(200, b"<html><body>It works!</body></html>")
                    return
                answer = (
                    [fake._answer(each, role) for each in payload]
                    if isinstance(payload, list)
                    else fake._answer(payload, role)
                )
                self._send(200, json.dumps(answer).encode())

            def do_GET(self):
                self._send(200, b"ok")

            def _send(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                # A client may not wait for it.
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            def log_message(self, *args):
                pass

        return Handler


def wait_until(condition, seconds=10):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    return condition()
