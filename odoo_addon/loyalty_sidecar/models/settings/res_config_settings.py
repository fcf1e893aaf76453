from odoo import api, fields, models

from ..service.access import CONFIGURE
from ..service.settings import (
    PARAMETER_HIDE_WOULD_EARN,
    PARAMETER_MANAGER_TOKEN,
    PARAMETER_TIMEOUT,
    PARAMETER_TOKEN,
    PARAMETER_URL,
)


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
        help="A token of the role viewer. Only administrators can read it; tills and cashiers never see it.",
    )
    loyalty_sidecar_manager_token = fields.Char(
        string="Sidecar Token for Managers",
        config_parameter=PARAMETER_MANAGER_TOKEN,
        groups="base.group_system",
        help="A token of the role manager, or nothing. Odoo's server uses it when a manager of the Point of Sale "
        "corrects points or resolves an exception. Only administrators can read it.",
    )
    loyalty_sidecar_timeout_ms = fields.Integer(
        string="Sidecar Timeout (ms)",
        config_parameter=PARAMETER_TIMEOUT,
        groups="base.group_system",
        default=3000,
        help="How long Odoo waits for an answer, in milliseconds (200 to 10000). A sale never waits for it.",
    )

    loyalty_sidecar_hide_would_earn = fields.Boolean(
        string="Say Nothing to Non-Members",
        config_parameter=PARAMETER_HIDE_WOULD_EARN,
        groups="base.group_system",
        help="Tills and receipts no longer tell who is not a member what they would have earned.",
    )

    @api.model
    def default_get(self, fields):
        """Leave our settings out for users who may not change them.

        Odoo fills the form in here, from the parameters, and asks for no right: not even a portal
        user's call is refused.
        """
        if not self.env["loyalty.sidecar"]._may(CONFIGURE):
            fields = [name for name in fields if not name.startswith("loyalty_sidecar_")]
        return super().default_get(fields)
