from odoo import api, fields, models


class PosOrderLine(models.Model):
    _inherit = "pos.order.line"

    # The sidecar's sync reads this very field: a paid order with a hold is captured even if
    # Odoo could not tell the sidecar. Not copied: a refund or a duplicate redeems nothing.
    loyalty_hold_id = fields.Char(
        readonly=True,
        index="btree_not_null",
        copy=False,
        help="The reservation of points in loyalty-sidecar that this discount or product was given for.",
    )

    @api.model
    def _load_pos_data_fields(self, config):
        return super()._load_pos_data_fields(config) + ["loyalty_hold_id"]

    def _loyalty_sidecar_holds(self):
        """The holds of these lines, each once: a reward has a line for each set of taxes."""
        return list(dict.fromkeys(line.loyalty_hold_id for line in self if line.loyalty_hold_id))

    def unlink(self):
        # Only an unpaid order can lose lines; whatever its line held is free again.
        holds = self.filtered(lambda line: line.order_id.state == "draft")._loyalty_sidecar_holds()
        result = super().unlink()
        self.env["pos.order"]._loyalty_sidecar_release_lost(holds, "line removed")
        return result
