from odoo import models
from odoo.exceptions import AccessError

PAGE = 50
# The most the sidecar gives at once.
ENTRIES_AT_ONCE = 500


class ResPartner(models.Model):
    _inherit = "res.partner"

    def loyalty_sidecar_points(self):
        """Points per program, for the form. The form asks after it has opened, never before."""
        self._loyalty_sidecar_check()
        answer = self.env["loyalty.sidecar"]._ask("loyalty.balance", {"partner_ids": self.ids})
        if not answer["ok"]:
            return answer
        return {"ok": True, "programs": answer["result"][0]["programs"] if answer["result"] else []}

    def loyalty_sidecar_history(self, program=None, before=None):
        """One page of the ledger, newest first, each entry with the document that caused it."""
        self._loyalty_sidecar_check()
        params = {"partner_id": self.id, "limit": PAGE}
        if program:
            params["program"] = str(program)
        if before:
            params["before"] = str(before)
        answer = self.env["loyalty.sidecar"]._ask("loyalty.history", params)
        if not answer["ok"]:
            return answer
        entries = answer["result"]["entries"]
        orders = self._loyalty_sidecar_orders(entries)
        labels = self._loyalty_sidecar_kinds()
        for entry in entries:
            cause = entry.get("cause") or {}
            order = orders.get(cause.get("uuid")) or orders.get(cause.get("id"))
            entry["kind_label"] = labels.get(entry["kind"], entry["kind"])
            entry["document"] = {
                "name": cause.get("name") or (order and order.name) or "",
                # Only what this user may open is offered as a link.
                "model": "pos.order" if order else False,
                "id": order.id if order else False,
            }
        return {"ok": True, "entries": entries, "next": answer["result"].get("next")}

    def loyalty_sidecar_explain(self, entry_id):
        """Why one entry of this customer is what it is, in sentences."""
        self._loyalty_sidecar_check()
        sidecar = self.env["loyalty.sidecar"]
        owned = self._loyalty_sidecar_owns(str(entry_id))
        if not owned["ok"]:
            return owned
        answer = sidecar._ask("loyalty.explain", {"entry_id": str(entry_id)})
        if not answer["ok"]:
            if answer["error"]["kind"] == "forbidden":
                answer["error"]["message"] = self.env._(
                    "To explain entries, the token in the settings needs the role viewer. An administrator "
                    "can create one with “loyalty-sidecar token create --role viewer --name odoo”."
                )
            return answer
        explanation = answer["result"]
        return {
            "ok": True,
            "sentences": sidecar._explain(explanation),
            "lots": explanation.get("lots") or [],
            "reverses": explanation.get("reverses") or False,
            "reversed_by": explanation.get("reversed_by") or [],
        }

    def _loyalty_sidecar_owns(self, entry_id):
        """Whether the entry is this customer's: the rights on the customer are the rights on the entry."""
        before = None
        while True:
            params = {"partner_id": self.id, "limit": ENTRIES_AT_ONCE}
            if before:
                params["before"] = before
            answer = self.env["loyalty.sidecar"]._ask("loyalty.history", params)
            if not answer["ok"]:
                return answer
            if any(entry["entry_id"] == entry_id for entry in answer["result"]["entries"]):
                return {"ok": True}
            before = answer["result"].get("next")
            if not before:
                raise AccessError(self.env._("This entry does not belong to this customer."))

    def action_loyalty_sidecar_history(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "loyalty_sidecar.action_loyalty_history"
        )
        action["context"] = {"active_id": self.id, "active_model": self._name}
        action["name"] = self.env._("Loyalty history of %(name)s", name=self.display_name)
        return action

    def _loyalty_sidecar_check(self):
        self.ensure_one()
        if not self.env.user.has_group("point_of_sale.group_pos_user"):
            raise AccessError(
                self.env._("Only users of the Point of Sale may ask for loyalty points.")
            )
        self.check_access("read")

    def _loyalty_sidecar_orders(self, entries):
        """The orders behind the entries that this user may read, by uuid and by id."""
        causes = [entry.get("cause") or {} for entry in entries]
        causes = [
            cause for cause in causes if cause.get("model") in ("pos.order", "pos.order.line")
        ]
        uuids = [cause["uuid"] for cause in causes if cause.get("uuid")]
        ids = [cause["id"] for cause in causes if cause.get("id") and not cause.get("uuid")]
        if not uuids and not ids:
            return {}
        orders = self.env["pos.order"].search(["|", ("uuid", "in", uuids), ("id", "in", ids)])
        return {key: order for order in orders for key in (order.uuid, order.id)}

    def _loyalty_sidecar_kinds(self):
        return {
            "earn": self.env._("Earned"),
            "redeem": self.env._("Redeemed"),
            "clawback": self.env._("Taken back"),
            "restore": self.env._("Given back"),
            "expire": self.env._("Expired"),
            "adjust": self.env._("Adjusted"),
            "transfer": self.env._("Transferred"),
        }
