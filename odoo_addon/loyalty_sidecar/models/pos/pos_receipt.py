from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models

# The history of a customer is read back to the sale: so many entries a time, and so many times at most.
PAGE, PAGES = 500, 20
# What a sale earned is booked seconds after its points are captured. Until then the figures may be half of it.
SETTLED_AFTER = timedelta(minutes=10)


class PosConfig(models.Model):
    _inherit = "pos.config"

    # Called by the till (see pos_config.py).

    def loyalty_sidecar_receipt(self, order_uuid):
        """The figures of a paid order whose receipt had none, as ``{"ok": True, "programs": […]}``.

        They are what the ledger says of that order, whenever it is asked, and are kept for the next print. No programs:
        the sidecar has nothing to say of it yet.
        """
        self._loyalty_sidecar_check_till()
        order = self.env["pos.order"].search(
            [
                ("uuid", "=", str(order_uuid)),
                ("company_id", "=", self.company_id.id),
                ("state", "not in", ("draft", "cancel")),
            ],
            limit=1,
        )
        if not order.partner_id:
            return {"ok": True, "programs": []}
        stored = (order.loyalty_sidecar_data or {}).get("receipt")
        if stored:
            return {"ok": True, "programs": stored}
        answer = self._loyalty_sidecar_entries_of(order)
        if not answer["ok"]:
            return answer
        balance = self.env["loyalty.sidecar"]._ask(
            "loyalty.balance", {"partner_ids": order.partner_id.ids}
        )
        if not balance["ok"]:
            return balance
        programs = self._loyalty_sidecar_figures(
            answer["entries"], balance["result"][0]["programs"]
        )
        if not self._loyalty_sidecar_is_settled(order, answer["entries"]):
            programs = []
        if programs:
            # A cashier may not write to a paid order, and need not: these are its own figures.
            data = {**(order.loyalty_sidecar_data or {}), "receipt": programs}
            order.sudo().loyalty_sidecar_data = data
        return {"ok": True, "programs": programs}

    def loyalty_sidecar_refunded(self, draft):
        """What a refund did to the customer's points: its entries, once the sidecar has read the order."""
        partner = self._loyalty_sidecar_check(draft)
        balance, history = self.env["loyalty.sidecar"]._ask_many(
            [
                ("loyalty.balance", {"partner_ids": partner.ids}),
                ("loyalty.history", {"partner_id": partner.id, "limit": 50}),
            ]
        )
        for answer in (balance, history):
            if not answer["ok"]:
                return answer
        caused = [
            entry
            for entry in history["result"]["entries"]
            if (entry.get("cause") or {}).get("uuid") == draft["uuid"]
        ]

        def total(program, *kinds):
            points = (
                Decimal(entry["points"])
                for entry in caused
                if entry.get("program") == program and entry["kind"] in kinds
            )
            return str(sum(points, Decimal(0)))

        return {
            "ok": True,
            "programs": [
                {
                    "program": each["program"],
                    "name": each["name"],
                    "points_name": each["points_name"],
                    "earned": total(each["program"], "earn", "clawback"),
                    # A restore gives back what was redeemed.
                    "redeemed": str(-Decimal(total(each["program"], "redeem", "restore"))),
                    "total": each["balance"],
                }
                for each in balance["result"][0]["programs"]
                if any(entry.get("program") == each["program"] for entry in caused)
            ],
        }

    def _loyalty_sidecar_entries_of(self, order):
        """The entries that an order caused, newest first."""
        found, before = [], None
        for _page in range(PAGES):
            params = {"partner_id": order.partner_id.id, "limit": PAGE}
            if before:
                params["before"] = before
            answer = self.env["loyalty.sidecar"]._ask("loyalty.history", params)
            if not answer["ok"]:
                return answer
            entries, before = answer["result"]["entries"], answer["result"]["next"]
            found += [
                entry for entry in entries if (entry.get("cause") or {}).get("uuid") == order.uuid
            ]
            # No entry of an order was recorded before it was there.
            created = order.create_date.isoformat()
            if not before or not entries or entries[-1].get("recorded_at", "") < created:
                break
        return {"ok": True, "entries": found}

    @api.model
    def _loyalty_sidecar_is_settled(self, order, entries):
        return (
            any(entry["kind"] in ("earn", "clawback") for entry in entries)
            or order.date_order < fields.Datetime.now() - SETTLED_AFTER
        )

    @api.model
    def _loyalty_sidecar_figures(self, entries, balances):
        """What a receipt says of each program: earned, redeemed, and the balance right after the order."""
        names = {balance["program"]: balance for balance in balances}
        by_program = defaultdict(list)
        for entry in entries:
            if entry.get("program") in names:
                by_program[entry["program"]].append(entry)

        def total(entries, *kinds):
            return sum(
                (Decimal(entry["points"]) for entry in entries if entry["kind"] in kinds), Decimal(0)
            )

        return [
            {
                "program": program,
                "name": names[program]["name"],
                "points_name": names[program]["points_name"],
                "earned": str(total(caused, "earn", "clawback")),
                "redeemed": str(-total(caused, "redeem", "restore")),
                "total": caused[0]["balance_after"],
            }
            for program, caused in by_program.items()
        ]
