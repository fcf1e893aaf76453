from odoo import api, fields, models

from ..tools.sidecar_client import SidecarError
from .loyalty_sidecar import PARAMETER_TIMEOUT, PARAMETER_TOKEN, PARAMETER_URL


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    # Not named pos_…: point_of_sale takes such fields away to write them on the pos.config.
    loyalty_sidecar_url = fields.Char(
        string="Sidecar Address",
        config_parameter=PARAMETER_URL,
        groups="base.group_system",
        help="Where loyalty-sidecar listens, as seen from the Odoo server, e.g. http://127.0.0.1:8070",
    )
    loyalty_sidecar_token = fields.Char(
        string="Sidecar Token",
        config_parameter=PARAMETER_TOKEN,
        groups="base.group_system",
        help="A token of role pos, or of role viewer to have the history explain its entries. "
        "Only administrators can read it; tills and cashiers never see it.",
    )
    loyalty_sidecar_timeout_ms = fields.Integer(
        string="Sidecar Timeout (ms)",
        config_parameter=PARAMETER_TIMEOUT,
        groups="base.group_system",
        default=3000,
        help="How long Odoo waits for an answer, in milliseconds (200 to 10000). A sale never waits for it.",
    )

    @api.model
    def default_get(self, fields):
        """Without our settings for whoever may not change them.

        Odoo fills the form in here, from the parameters, and asks for no right: not even a portal
        user's call is refused.
        """
        if not self.env.user.has_group("base.group_system"):
            fields = [name for name in fields if not name.startswith("loyalty_sidecar_")]
        return super().default_get(fields)

    def action_loyalty_sidecar_test(self):
        """Say in plain words whether the sidecar answers, and if not, what to do."""
        self.ensure_one()
        kind, message = self._loyalty_sidecar_test()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": self.env._("Loyalty sidecar"),
                "message": message,
                "type": kind,
                "sticky": kind != "success",
            },
        }

    def _loyalty_sidecar_test(self):
        sidecar = self.env["loyalty.sidecar"]
        try:
            version = sidecar._client_from(
                self.loyalty_sidecar_url,
                self.loyalty_sidecar_token,
                self.loyalty_sidecar_timeout_ms,
            ).call("system.version")
        except SidecarError as error:
            return "danger", sidecar._words_for_admin(error, self.loyalty_sidecar_url)
        if not isinstance(version, dict) or "version" not in version:
            return "danger", self.env._(
                "Something answers at %(url)s, but it is not loyalty-sidecar. Check the port and the path.",
                url=self.loyalty_sidecar_url,
            )
        odoo = version.get("odoo") or {}
        if odoo.get("login_refused"):
            return "warning", self.env._(
                "Connected to loyalty-sidecar %(version)s, but Odoo refuses its login, so no points are earned. "
                "Its API key has ended or was removed: make a new one as its user, and put it in the place of the old one. "
                "Then run “loyalty-sidecar doctor”.",
                version=version["version"],
            )
        if not odoo.get("reachable"):
            return "warning", self.env._(
                "Connected to loyalty-sidecar %(version)s, but it cannot reach Odoo, so no points are earned. "
                "Check odoo.url, odoo.database, odoo.login and odoo.api_key in its settings; "
                "“loyalty-sidecar doctor” says which one is wrong.",
                version=version["version"],
            )
        return "success", self.env._(
            "Connected to loyalty-sidecar %(version)s, which reads Odoo %(odoo)s. All is well.",
            version=version["version"],
            odoo=odoo.get("server_version") or "",
        )
