from datetime import UTC, datetime

from odoo import api, models

from ..service.access import LOOK


def seconds_until(time):
    """How long until a time as the sidecar writes it; None when it is none."""
    try:
        end = datetime.fromisoformat(str(time).replace("Z", "+00:00"))
        return (end - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return None


class PosConfig(models.Model):
    _inherit = "pos.config"

    def _get_special_products(self):
        # Special products are loaded into every till and shown in none of its product lists.
        return super()._get_special_products() | self._loyalty_sidecar_product()

    @api.model
    def _load_pos_data_read(self, records, config):
        read_records = super()._load_pos_data_read(records, config)
        if read_records:
            # By which the till knows a line of a reward, also one that has lost its hold.
            read_records[0]["_loyalty_reward_product_id"] = self._loyalty_sidecar_product().id
        return read_records

    @api.model
    def _loyalty_sidecar_product(self):
        return (
            self.env.ref("loyalty_sidecar.product_loyalty_reward", raise_if_not_found=False)
            or self.env["product.product"]
        )

    # Called by the till. They return {"ok": …} (see loyalty.sidecar._ask) and raise on missing rights alone.

    def loyalty_sidecar_refresh(self, draft):
        """The customer's points, and what this order earns and could redeem."""
        partner = self._loyalty_sidecar_check(draft)
        balance, quote = self.env["loyalty.sidecar"]._ask_many(
            [
                ("loyalty.balance", {"partner_ids": partner.ids}),
                ("loyalty.quote", {"order": self._loyalty_sidecar_draft(draft, partner)}),
            ]
        )
        for answer in (balance, quote):
            if not answer["ok"]:
                return answer
        return {
            "ok": True,
            "programs": self._loyalty_sidecar_programs(
                balance["result"][0]["programs"], quote["result"]["programs"]
            ),
        }

    def loyalty_sidecar_would_earn(self, draft):
        """What an order without a customer would earn for a member; nothing if that is not to be told."""
        self._loyalty_sidecar_check_till()
        if not self.env["loyalty.sidecar"]._tells_non_members():
            return {"ok": True, "is_off": True, "programs": []}
        answer = self.env["loyalty.sidecar"]._ask(
            "loyalty.quote", {"order": self._loyalty_sidecar_draft(draft, None)}
        )
        if not answer["ok"]:
            return answer
        return {
            "ok": True,
            "programs": [
                {
                    "program": quote["program"],
                    "name": quote.get("name") or quote["program"],
                    "points_name": quote.get("points_name") or self.env._("points"),
                    "would_earn": quote["earns"],
                }
                for quote in answer["result"]["programs"]
                if float(quote["earns"]) > 0
            ],
        }

    def loyalty_sidecar_hold(self, draft, choice):
        """Reserve the points of a reward for this order.

        ``choice`` is ``{idempotency_key, program, reward, points?, replaces?}``. The key is the till's, one
        for each press of the button: pressing is asking once, however often the network repeats it.
        ``replaces`` is a hold of this order that the new one takes the place of.
        """
        partner = self._loyalty_sidecar_check(draft)
        product = self._loyalty_sidecar_product()
        if not product:
            return {
                "ok": False,
                "error": {
                    "kind": "no_product",
                    "data": {},
                    "message": self.env._(
                        "The product for loyalty rewards is missing. Ask an administrator to upgrade the addon."
                    ),
                },
            }
        params = {
            "idempotency_key": str(choice["idempotency_key"]),
            "partner_id": partner.id,
            "program": str(choice["program"]),
            "reward": str(choice["reward"]),
            "order": self._loyalty_sidecar_draft(draft, partner),
        }
        if choice.get("points"):
            params["points"] = str(choice["points"])
        if choice.get("replaces"):
            params["replaces"] = str(choice["replaces"])
            self.env["loyalty.sidecar"]._require_holds_of(self.company_id, [params["replaces"]])
        answer = self.env["loyalty.sidecar"]._ask("loyalty.hold", params, retry=True)
        if answer["ok"]:
            answer["line_product_id"] = product.id
            # A till's clock may be wrong; how long is left is right on any.
            answer["result"]["expires_in_seconds"] = seconds_until(answer["result"].get("expires_at"))
        return answer

    def loyalty_sidecar_release(self, hold_ids, reason):
        """Give reserved points back."""
        self._loyalty_sidecar_check_till()
        hold_ids = [str(hold_id) for hold_id in hold_ids]
        self.env["loyalty.sidecar"]._require_holds_of(self.company_id, hold_ids)
        answers = self.env["loyalty.sidecar"]._ask_many(
            [
                ("loyalty.release", {"hold_id": hold_id, "reason": str(reason)})
                for hold_id in hold_ids
            ]
        )
        return {"ok": all(answer["ok"] for answer in answers)}

    # What is checked and sent

    def _loyalty_sidecar_check_till(self):
        self.ensure_one()
        self.env["loyalty.sidecar"]._require(LOOK, self)

    def _loyalty_sidecar_check(self, draft):
        """The draft's customer, if this user may see it and it may buy at this till."""
        self._loyalty_sidecar_check_till()
        return self.env["loyalty.sidecar"]._require_customer(draft.get("partner_id"), self.company_id)
