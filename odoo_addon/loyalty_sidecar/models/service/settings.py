from odoo import api, models

from ...tools.sidecar_client import READ_SECONDS, SidecarClient, SidecarNotConfigured
from .access import CORRECT

PARAMETER_URL = "loyalty_sidecar.url"
PARAMETER_TOKEN = "loyalty_sidecar.token"
PARAMETER_MANAGER_TOKEN = "loyalty_sidecar.manager_token"
PARAMETER_TIMEOUT = "loyalty_sidecar.timeout_ms"
PARAMETER_HIDE_WOULD_EARN = "loyalty_sidecar.hide_would_earn"

# Bounds keep a mistyped setting from hanging every till of the shop.
TIMEOUT_MS_MIN, TIMEOUT_MS_MAX = 200, 10_000


class LoyaltySidecar(models.AbstractModel):
    """What the settings say, and the client that is made of them."""

    _inherit = "loyalty.sidecar"

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

        The only way to that token. It checks the right itself, so that no caller can forget to.
        """
        self._require(CORRECT)
        get_param = self.env["ir.config_parameter"].sudo().get_param
        if not (get_param(PARAMETER_MANAGER_TOKEN) or "").strip():
            raise SidecarNotConfigured("manager token")
        return self._client_from(
            get_param(PARAMETER_URL),
            get_param(PARAMETER_MANAGER_TOKEN),
            get_param(PARAMETER_TIMEOUT),
        )

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
    def _tells_non_members(self):
        """Whether people who take part in nothing are told what they would have earned."""
        return not self.env["ir.config_parameter"].sudo().get_param(PARAMETER_HIDE_WOULD_EARN)
