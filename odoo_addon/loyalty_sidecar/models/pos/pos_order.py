import logging

from odoo import api, fields, models

_logger = logging.getLogger(__name__)


class PosOrder(models.Model):
    _inherit = "pos.order"

    # What the till showed: names and points of the holds, and the figures of the receipt, so that
    # a reprint in a month says the same. Display only; the truth is in the sidecar's ledger.
    loyalty_sidecar_data = fields.Json(string="Loyalty on the Receipt", readonly=True, copy=False)

    def action_pos_order_paid(self):
        # Every way to pay ends here: the till, a terminal's callback, the back office.
        result = super().action_pos_order_paid()
        self._loyalty_sidecar_tell_paid()
        return result

    def write(self, vals):
        if vals.get("state") != "cancel":
            return super().write(vals)
        holds = self._loyalty_sidecar_open_holds()
        result = super().write(vals)
        self._loyalty_sidecar_release(holds, "order cancelled")
        return result

    def unlink(self):
        holds = self._loyalty_sidecar_open_holds()
        result = super().unlink()
        self._loyalty_sidecar_release(holds, "order deleted")
        return result

    def _loyalty_sidecar_tell_paid(self):
        """After the commit: capture the holds of these orders and hint that they are there."""
        try:
            calls = [
                (
                    "loyalty.capture",
                    {
                        "hold_id": hold,
                        "order": {"uuid": order.uuid, "id": order.id, "name": order.name},
                    },
                )
                for order in self
                for hold in order.lines._loyalty_sidecar_holds()
            ]
            calls.append(("sync.notify", {"order_ids": self.ids}))
            self.env["loyalty.sidecar"]._tell_after_commit(calls)
        except Exception:
            # A sale never fails because of loyalty: the sync will see the order.
            _logger.exception("Could not prepare to tell the sidecar of orders %s", self.ids)

    def _loyalty_sidecar_open_holds(self):
        drafts = self.filtered(lambda order: order.state == "draft")
        return drafts.lines._loyalty_sidecar_holds()

    @api.model
    def _loyalty_sidecar_release(self, holds, reason):
        """After the commit: give the points back. If it is lost, the hold expires by itself."""
        if holds:
            self.env["loyalty.sidecar"]._tell_after_commit(
                [("loyalty.release", {"hold_id": hold, "reason": reason}) for hold in holds]
            )

    @api.model
    def _loyalty_sidecar_release_lost(self, holds, reason):
        """Give back what no line carries any more when the transaction ends.

        Not at once: a till that splits a reward anew deletes its lines and creates others with the
        same hold, in one and the same write.
        """
        if not holds:
            return

        @self.env.cr.precommit.add
        def release():
            carried = self.env["pos.order.line"].sudo().search([("loyalty_hold_id", "in", holds)])
            still_there = set(carried._loyalty_sidecar_holds())
            self._loyalty_sidecar_release(
                [hold for hold in holds if hold not in still_there], reason
            )
