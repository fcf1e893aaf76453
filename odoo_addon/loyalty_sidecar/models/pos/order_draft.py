from odoo import models
from odoo.tools import float_repr, float_round

# The money of a line, in the currency of the till.
MONEY_FIELDS = ("price_subtotal", "price_subtotal_incl")


class PosConfig(models.Model):
    """An order that is not paid yet, as the service is told of it."""

    _inherit = "pos.config"

    def _loyalty_sidecar_draft(self, draft, partner):
        """The order as the sidecar wants it. Company, currency and till are not the browser's to say."""
        currency = self.currency_id
        unit_digits = self.env["decimal.precision"].precision_get("Product Unit")

        def money(value):
            return float_repr(currency.round(float(value or 0)), currency.decimal_places)

        lines = []
        for line in draft.get("lines") or []:
            values = {
                "product_id": int(line["product_id"]),
                "qty": float_repr(
                    float_round(float(line.get("qty") or 0), unit_digits), unit_digits
                ),
                **{name: money(line.get(name)) for name in MONEY_FIELDS},
            }
            if line.get("uuid"):
                values["uuid"] = str(line["uuid"])
            if line.get("hold_id"):
                values["hold_id"] = str(line["hold_id"])
            if line.get("refunded_line_id"):
                values["refunded_line_id"] = int(line["refunded_line_id"])
            if line.get("combo_parent_uuid"):
                values["combo_parent_uuid"] = str(line["combo_parent_uuid"])
            lines.append(values)
        return {
            "uuid": str(draft["uuid"]),
            "company_id": self.company_id.id,
            "currency": currency.name,
            "pos_config_id": self.id,
            **({"partner_id": partner.id} if partner else {}),
            "lines": lines,
        }
