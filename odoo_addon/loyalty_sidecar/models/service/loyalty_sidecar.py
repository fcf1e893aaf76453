import time

from odoo import api, models
from odoo.exceptions import AccessError

from ...tools.connection_probe import speaks_plain_http, speaks_tls
from ...tools.delivery import deliver_in_background
from ...tools.sidecar_client import (
    READ_SECONDS,
    SidecarClient,
    SidecarError,
    SidecarNotConfigured,
    SidecarRefusal,
    SidecarTimeout,
)

PARAMETER_URL = "loyalty_sidecar.url"
PARAMETER_TOKEN = "loyalty_sidecar.token"
PARAMETER_MANAGER_TOKEN = "loyalty_sidecar.manager_token"
PARAMETER_TIMEOUT = "loyalty_sidecar.timeout_ms"
PARAMETER_HIDE_WOULD_EARN = "loyalty_sidecar.hide_would_earn"

# Bounds keep a mistyped setting from hanging every till of the shop.
TIMEOUT_MS_MIN, TIMEOUT_MS_MAX = 200, 10_000


# How long a list of customers waits for its column of points, and for how long it does not ask after that.
ASIDE_SECONDS, ASIDE_PAUSE_SECONDS = 1.0, 20
_ASIDE_AGAIN = {}


class LoyaltySidecar(models.AbstractModel):
    """The one place that knows how to reach the sidecar and how to say what went wrong.

    All methods are private (RPC refuses names that begin with an underscore): callers check
    access first, then come here, and this model reads the token with sudo.
    """

    _name = "loyalty.sidecar"
    _description = "Connection to loyalty-sidecar"

    @api.model
    def _client(self):
        """A client from the stored settings; raises SidecarNotConfigured."""
        # ir.config_parameter is readable by administrators alone: that is what guards the token.
        get_param = self.env["ir.config_parameter"].sudo().get_param
        return self._client_from(
            get_param(PARAMETER_URL),
            get_param(PARAMETER_TOKEN),
            get_param(PARAMETER_TIMEOUT),
        )

    @api.model
    def _manager_client(self):
        """A client with the token for managers; raises SidecarNotConfigured, and AccessError for all others.

        The only way to that token. It checks the group itself, so that no caller can forget to.
        """
        if not self.env.user.has_group("point_of_sale.group_pos_manager"):
            raise AccessError(
                self.env._("Only managers of the Point of Sale may change loyalty points.")
            )
        get_param = self.env["ir.config_parameter"].sudo().get_param
        if not (get_param(PARAMETER_MANAGER_TOKEN) or "").strip():
            raise SidecarNotConfigured("manager token")
        return self._client_from(
            get_param(PARAMETER_URL),
            get_param(PARAMETER_MANAGER_TOKEN),
            get_param(PARAMETER_TIMEOUT),
        )

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
    def _client_from(self, url, token, timeout_ms=None):
        try:
            timeout_ms = int(timeout_ms or 0)
        except ValueError:
            timeout_ms = 0
        if not timeout_ms:
            return SidecarClient(url, token, READ_SECONDS)
        timeout_ms = min(max(timeout_ms, TIMEOUT_MS_MIN), TIMEOUT_MS_MAX)
        return SidecarClient(url, token, timeout_ms / 1000)

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

    @api.model
    def _tell_after_commit(self, calls):
        """Tell the sidecar once this transaction is committed; nothing if it is rolled back."""
        pending = self.env.cr.postcommit.data.get("loyalty_sidecar.calls")
        if pending is not None:
            pending.extend(calls)
            return
        try:
            # Built now: after the commit there is no environment to read settings with.
            client = self._client()
        except SidecarError:
            return
        pending = self.env.cr.postcommit.data["loyalty_sidecar.calls"] = list(calls)

        @self.env.cr.postcommit.add
        def deliver():
            deliver_in_background(client, self._merge_notifications(pending))

    @api.model
    def _merge_notifications(self, calls):
        """One ``sync.notify`` for all orders of the transaction, after everything else."""
        others = [call for call in calls if call[0] != "sync.notify"]
        order_ids = sorted(
            {
                order_id
                for method, params in calls
                if method == "sync.notify"
                for order_id in params["order_ids"]
            }
        )
        return others + ([("sync.notify", {"order_ids": order_ids})] if order_ids else [])

    # Words

    @api.model
    def _failure(self, error):
        return {
            "ok": False,
            "error": {
                "kind": error.kind,
                "message": self._words_for_staff(error),
                "data": getattr(error, "data", {}),
            },
        }

    @api.model
    def _words_for_staff(self, error):
        """What a cashier should read: what it means for the sale, and what to do now."""
        if isinstance(error, SidecarRefusal):
            return self._words_of_refusal(error.kind, error.data, error.message)
        if error.kind == "not_configured" and error.missing == "manager token":
            return self.env._(
                "Points cannot be changed from Odoo yet: the settings have no token for managers. "
                "Ask an administrator."
            )
        if error.kind == "not_configured":
            return self.env._("The loyalty service is not set up yet. Ask an administrator.")
        if error.kind in ("unauthorized", "bad_address", "not_a_sidecar", "tls_failed"):
            return self.env._(
                "The loyalty service is not set up correctly. You can keep selling; points will be added later. "
                "Ask an administrator to test the connection in the settings."
            )
        return self.env._(
            "The loyalty service cannot be reached at the moment. Selling works; points will follow."
        )

    @api.model
    def _words_of_refusal(self, kind, figures, fallback=""):
        """Words for a refusal, or for the reason why a reward cannot be had."""
        figures = {
            name: self._format_points(value)
            for name, value in figures.items()
            if isinstance(value, str | int | float)
        }
        # Of a reward that does not fit, the reason says more than the kind.
        if kind == "reward_not_applicable":
            kind = figures.get("reason", kind)
        known = {
            "insufficient_points": self.env._(
                "Not enough points: %(required)s needed, %(available)s available.",
                required=figures["required"],
                available=figures["available"],
            )
            if {"required", "available"} <= figures.keys()
            else self.env._("Not enough points."),
            "below_minimum": self.env._(
                "Redeeming begins at %(minimum)s points; %(available)s available.",
                minimum=figures["minimum"],
                available=figures["available"],
            )
            if {"minimum", "available"} <= figures.keys()
            else self.env._("Not enough points to redeem yet."),
            "order_too_small": self.env._(
                "This order takes %(maximum)s points at most.",
                maximum=figures["maximum_points"],
            )
            if "maximum_points" in figures
            else self.env._("The order is too small for this reward."),
            "other_partner": self.env._("This reward belongs to another customer."),
            "other_currency": self.env._("The order is in another currency than the program."),
            "other_company": self.env._("The order is of another company than the program."),
            "other_shop": self.env._("The program does not hold in this shop."),
            "outside_dates": self.env._("The program does not hold at this time."),
            "too_few_points": self.env._("That is too few points to take anything off."),
            "not_enrolled": self.env._("The customer has not joined this program."),
            "limit_reached": self.env._(
                "The customer has had this reward as often as it is given."
            ),
            "too_many_holds": self.env._(
                "The customer has too many rewards on orders that are not paid. Take one off first."
            ),
            "outside_window": self.env._("This reward is not given at this time."),
            "nothing_in_scope": self.env._("Nothing on the order is what this reward is for."),
            "already_cheaper": self.env._(
                "The product costs no more on this order than with the reward."
            ),
            "product_unavailable": self.env._("The product of this reward is not available."),
            "program_unreadable": self.env._(
                "The rules of this program cannot be read. Ask an administrator."
            ),
            "program_too_large": self.env._(
                "The numbers of this program are too large for this order. Ask an administrator."
            ),
            "reward_not_applicable": self.env._("This reward cannot be used on this order."),
            "idempotency_conflict": self.env._(
                "This was already asked for with other values, and what was asked first holds. "
                "Look at the points, then begin again."
            ),
            "hold_expired": self.env._(
                "The reserved points have expired. Take the reward off and redeem again."
            ),
            "hold_captured": self.env._("These points have already been redeemed."),
            "hold_released": self.env._("These points have already been given back."),
            "hold_of_other_order": self.env._("These points are reserved for another order."),
            "unknown_partner": self.env._(
                "The loyalty service does not know this customer yet. Try again in a moment."
            ),
            "unknown_program": self.env._("This loyalty program no longer exists."),
            "unknown_reward": self.env._("This reward no longer exists."),
            "unknown_hold": self.env._("The loyalty service does not know this reservation."),
            "unknown_entry": self.env._("The loyalty service does not know this entry."),
            "forbidden": self.env._(
                "The token in the settings may not do this. Ask an administrator."
            ),
            "unavailable": self.env._(
                "The loyalty service cannot answer now. Try again: nothing is ever done twice."
            ),
        }
        return known.get(kind) or fallback or known["reward_not_applicable"]

    @api.model
    def _words_needs_viewer(self):
        return self.env._(
            "To show this, the token in the settings needs the role viewer. An administrator creates one with "
            "“loyalty-sidecar token create --role viewer --name odoo”."
        )

    @api.model
    def _words_for_admin(self, error, url):
        """What is wrong with the connection and what to do about it."""
        if error.kind == "not_configured":
            if error.missing == "token":
                return self.env._(
                    "The token is not set. Create one with "
                    "“loyalty-sidecar token create --role viewer --name odoo” and paste it here."
                )
            return self.env._(
                "The address is not set. Enter where loyalty-sidecar listens, e.g. http://127.0.0.1:8070."
            )
        if error.kind == "bad_address":
            return self.env._(
                "“%(url)s” is not an address. It begins with http:// or https://.", url=url
            )
        if error.kind == "timeout" and not self._is_tls_port(url):
            return self.env._(
                "%(url)s took the connection but did not answer in time. Look at the sidecar's log and its "
                "/readyz page; if it is only slow, raise the timeout.",
                url=url,
            )
        if error.kind == "unauthorized":
            return self.env._(
                "The sidecar refuses the token: it is mistyped or revoked. Create a new one with "
                "“loyalty-sidecar token create --role viewer --name odoo” and paste it here."
            )
        if error.kind == "forbidden":
            return self.env._(
                "The sidecar knows the token, but its role may not do this. Create one with "
                "“loyalty-sidecar token create --role viewer --name odoo” and paste it here."
            )
        if error.kind in ("tls_failed", "unreachable", "timeout", "not_a_sidecar") or error.kind.startswith(
            "rpc_"
        ):
            return self._words_of_transport(error, url)
        return self.env._("The sidecar answered: %(message)s", message=str(error))

    @api.model
    def _words_of_transport(self, error, url):
        """Who listens there, and in which language: http and https are easily mistaken for each other."""
        if error.kind == "tls_failed" and error.reason == "certificate":
            return self.env._(
                "The certificate of %(url)s is not trusted: it is self-signed, has expired, or is for another name. "
                "Use a certificate that the Odoo server trusts, and the name it was made for.",
                url=url,
            )
        if url.lower().strip().startswith("https") and speaks_plain_http(url):
            return self.env._(
                "The port of %(url)s does not speak https. Begin the address with http://, or enter the "
                "address of the TLS proxy before loyalty-sidecar.",
                url=url,
            )
        if error.kind == "tls_failed":
            return self.env._(
                "No encrypted connection to %(url)s could be made. If loyalty-sidecar listens there without a TLS "
                "proxy, begin the address with http://.",
                url=url,
            )
        if self._is_tls_port(url):
            return self.env._(
                "The port of %(url)s speaks https only. Begin the address with https://.", url=url
            )
        if error.kind == "unreachable":
            return self.env._(
                "Nobody answers at %(url)s. Check that loyalty-sidecar runs, that the address and port "
                "are right as seen from the Odoo server, and that no firewall is between them.",
                url=url,
            )
        return self._words_not_a_sidecar(url)

    @api.model
    def _is_tls_port(self, url):
        return url.lower().strip().startswith("http:") and speaks_tls(url.strip())

    @api.model
    def _words_not_a_sidecar(self, url):
        return self.env._(
            "Something answers at %(url)s, but it is not loyalty-sidecar. Check the port and the path.",
            url=url,
        )
