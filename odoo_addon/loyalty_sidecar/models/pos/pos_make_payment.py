from odoo import models
from odoo.exceptions import UserError


class PosOrder(models.Model):
    _inherit = "pos.order"

    def _loyalty_sidecar_stray_rewards(self):
        """Lines of rewards whose points are reserved for no one, or for another customer than the order's."""
        self.ensure_one()
        product = self.env["pos.config"]._loyalty_sidecar_product()
        holds = (self.loyalty_sidecar_data or {}).get("holds") or {}

        def is_stray(line):
            if not line.loyalty_hold_id:
                # A copy of a reward's line; what a refund takes back of one names the line it is of.
                return (
                    line.product_id == product
                    and not line.refunded_orderline_id
                    and line.price_subtotal_incl < 0
                )
            grant = holds.get(line.loyalty_hold_id)
            partner = self.partner_id.id
            return not grant or not partner or (grant.get("partner") or partner) != partner

        return self.lines.filtered(is_stray)


class PosMakePayment(models.TransientModel):
    _inherit = "pos.make.payment"

    def check(self):
        """As the till does: no order is paid with a reward that has no points behind it."""
        order = self.env["pos.order"].browse(self.env.context.get("active_id", False)).exists()
        if order and order.state == "draft":
            strays = order._loyalty_sidecar_stray_rewards()
            if strays:
                names = ", ".join(
                    dict.fromkeys(
                        line.full_product_name or line.product_id.display_name for line in strays
                    )
                )
                raise UserError(
                    self.env._(
                        "No points of this order's customer are reserved for: %s. "
                        "Delete the line, or open the order at the till and redeem again.",
                        names,
                    )
                )
        return super().check()
