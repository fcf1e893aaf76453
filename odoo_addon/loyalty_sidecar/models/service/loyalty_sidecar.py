import time

from odoo import api, models

from ...tools.sidecar_client import SidecarError, SidecarRefusal, SidecarTimeout

# How long a list of customers waits for its column of points, and for how long it does not ask after that.
ASIDE_SECONDS, ASIDE_PAUSE_SECONDS = 1.0, 20
_ASIDE_AGAIN = {}


class LoyaltySidecar(models.AbstractModel):
    """The one way to the service: every question of the addon goes through here, and every failure comes back in words.

    Each file of this folder and of ``words`` adds one concept to it. All methods are private (RPC refuses names that
    begin with an underscore): callers check access first (access.py), then ask.
    """

    _name = "loyalty.sidecar"
    _description = "Connection to loyalty-sidecar"

    @api.model
    def _ask_as_manager(self, method, params):
        """As ``_ask``, with the token for managers; the sidecar notes who it was for."""
        try:
            client = self._manager_client()
            params = {**params, "on_behalf_of": self._name_of_user()}
            return {"ok": True, "result": client.call(method, params)}
        except SidecarError as error:
            return self._failure(error)

    @api.model
    def _name_of_user(self):
        """The person as Odoo names it: one plain line of at most 200 characters."""
        name = " ".join("".join(each if each.isprintable() else " " for each in self.env.user.name).split())
        return name[:200] or self.env.user.login[:200]

    @api.model
    def _ask(self, method, params, retry=False):
        """Ask once; return ``{"ok": True, "result": …}`` or ``{"ok": False, "error": {…}}``.

        Failures are values and not exceptions: a till shows them beside the order, while an
        exception would open Odoo's error dialog over the sale. ``retry`` asks a second time when
        the first went unanswered: only for calls that carry an idempotency key.
        """
        try:
            client = self._client()
            try:
                result = client.call(method, params)
            except SidecarError as error:
                if not retry or error.kind not in ("timeout", "unavailable"):
                    raise
                result = client.call(method, params)
        except SidecarError as error:
            return self._failure(error)
        return {"ok": True, "result": result}

    @api.model
    def _ask_aside(self, method, params):
        """As ``_ask``, for what stands beside something more important, such as a column in a list of customers.

        It waits for a second at most, and after it waited in vain it does not ask again for a while.
        """
        database = self.env.cr.dbname
        if time.monotonic() < _ASIDE_AGAIN.get(database, 0):
            return self._failure(SidecarTimeout("it did not answer a moment ago"))
        try:
            client = self._client()
            client.wait_at_most(ASIDE_SECONDS)
            return {"ok": True, "result": client.call(method, params)}
        except SidecarError as error:
            if error.kind in ("timeout", "unreachable"):
                _ASIDE_AGAIN[database] = time.monotonic() + ASIDE_PAUSE_SECONDS
            return self._failure(error)

    @api.model
    def _ask_many(self, calls):
        """Ask several things in one batch; return one answer as of ``_ask`` for each."""
        try:
            answers = self._client().call_many(calls)
        except SidecarError as error:
            return [self._failure(error)] * len(calls)
        return [
            self._failure(answer)
            if isinstance(answer, SidecarRefusal)
            else {"ok": True, "result": answer}
            for answer in answers
        ]
