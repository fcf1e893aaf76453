from odoo import models

from ..service.access import CORRECT, LOOK


class ResPartner(models.Model):
    """The points of a customer on its form."""

    _inherit = "res.partner"

    def loyalty_sidecar_points(self):
        """Points per program, for the form. The form asks after it has opened, never before."""
        self._loyalty_sidecar_check()
        answer = self.env["loyalty.sidecar"]._ask("loyalty.balance", {"partner_ids": self.ids})
        if not answer["ok"]:
            return answer
        return {
            "ok": True,
            "programs": answer["result"][0]["programs"] if answer["result"] else [],
            "can_adjust": self.env["loyalty.sidecar"]._may(CORRECT),
        }

    def action_loyalty_sidecar_history(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "loyalty_sidecar.action_loyalty_history"
        )
        action["context"] = {"active_id": self.id, "active_model": self._name}
        action["name"] = self.env._("Loyalty history of %(name)s", name=self.display_name)
        return action

    def _loyalty_sidecar_check(self, right=LOOK):
        self.ensure_one()
        sidecar = self.env["loyalty.sidecar"]
        sidecar._require(LOOK, self)
        sidecar._require(right)
