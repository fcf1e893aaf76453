from odoo import models

PAGE = 50


class ResPartner(models.Model):
    """The ledger of one customer, with names in the place of codes and ids."""

    _inherit = "res.partner"

    def loyalty_sidecar_history(self, program=None, before=None):
        """One page of the ledger, newest first, each entry with the document that caused it and who did it."""
        self._loyalty_sidecar_check()
        params = {"partner_id": self.id, "limit": PAGE}
        if program:
            params["program"] = str(program)
        if before:
            params["before"] = str(before)
        history, balance = self.env["loyalty.sidecar"]._ask_many(
            [("loyalty.history", params), ("loyalty.balance", {"partner_ids": self.ids})]
        )
        for answer in (history, balance):
            if not answer["ok"]:
                return answer
        entries = history["result"]["entries"]
        balances = balance["result"][0]["programs"] if balance["result"] else []
        programs = {each["program"]: each for each in balances}
        orders = self._loyalty_sidecar_orders(entries)
        for entry in entries:
            cause = entry.get("cause") or {}
            order = orders.get(cause.get("uuid")) or orders.get(cause.get("id"))
            self._loyalty_sidecar_name(entry, order, programs.get(entry.get("program")) or {})
        return {
            "ok": True,
            "entries": entries,
            "next": history["result"].get("next"),
            "programs": [
                {name: each[name] for name in ("program", "name", "points_name", "balance")}
                for each in balances
            ],
        }

    def loyalty_sidecar_explain(self, entry_id):
        """Why one entry of this customer is what it is, in sentences."""
        self._loyalty_sidecar_check()
        sidecar = self.env["loyalty.sidecar"]
        answer = sidecar._ask("loyalty.explain", {"entry_id": str(entry_id)})
        if not answer["ok"]:
            if answer["error"]["kind"] == "forbidden":
                answer["error"]["message"] = sidecar._words_needs_viewer()
            return answer
        explanation = answer["result"]
        sidecar._require_entry(explanation, self)
        return {
            "ok": True,
            "sentences": sidecar._explain(explanation),
            "lots": explanation.get("lots") or [],
            "reverses": explanation.get("reverses") or False,
            "reversed_by": explanation.get("reversed_by") or [],
        }

    def _loyalty_sidecar_name(self, entry, order, program):
        """Add to an entry what people call its parts."""
        cause = entry.get("cause") or {}
        reward = entry.get("reward") or {}
        kinds = self._loyalty_sidecar_kinds()
        entry["kind_label"] = kinds.get(entry["kind"], entry["kind"])
        entry["reward_name"] = reward.get("name") or reward.get("code") or ""
        entry["program_name"] = (
            entry.get("program_name") or program.get("name") or entry.get("program") or ""
        )
        entry["points_name"] = entry.get("points_name") or program.get("points_name") or "points"
        entry["document"] = {
            "name": cause.get("name") or (order and order.name) or "",
            # Only what this user may open is offered as a link.
            "model": "pos.order" if order else False,
            "id": order.id if order else False,
        }
        # What was entered by hand has its reason for a document: said once.
        if not order and entry["document"]["name"] == entry.get("reason"):
            entry["document"]["name"] = ""
        # A redemption's reason is its reward's code.
        if reward and entry.get("reason") in (reward.get("code"), reward.get("name")):
            entry["reason"] = None
        if entry.get("redacted"):
            # Its texts were erased from the ledger.
            entry["reason"] = self.env._("Redacted")
        entry["who"] = self._loyalty_sidecar_who(entry, order)

    def _loyalty_sidecar_who(self, entry, order):
        """The person behind an entry where one is known, else what wrote it."""
        if entry.get("on_behalf_of"):
            return entry["on_behalf_of"]
        if order:
            # With pos_hr, employees share a user.
            employee = order.sudo().employee_id if "employee_id" in order._fields else None
            seller = (employee and employee.name) or order.sudo().user_id.name
            if seller:
                return seller
        actor = entry.get("actor") or ""
        services = {
            "sync": self.env._("Loyalty service"),
            "expiry": self.env._("Loyalty service"),
            "import": self.env._("Import"),
            "command line": self.env._("Command line"),
        }
        # A token is told by its name; its prefix says nothing to people.
        return services.get(actor) or actor.rsplit(" (lsk_", 1)[0]

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
            "adjust": self.env._("Corrected"),
            "transfer": self.env._("Transferred"),
        }
