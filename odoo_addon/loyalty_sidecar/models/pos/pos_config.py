from datetime import UTC, datetime
from decimal import Decimal

from odoo import api, models
from odoo.tools import float_repr, float_round

from ..service.access import LOOK
from ..service.settings import PARAMETER_HIDE_WOULD_EARN

# The money of a line, in the currency of the till.
MONEY_FIELDS = ("price_subtotal", "price_subtotal_incl")


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
        if not self._loyalty_sidecar_tells_non_members():
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

    @api.model
    def _loyalty_sidecar_tells_non_members(self):
        return not self.env["ir.config_parameter"].sudo().get_param(PARAMETER_HIDE_WOULD_EARN)

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

    def _loyalty_sidecar_programs(self, balances, quotes):
        """Quote and balance of each program, and words for every reward not to be had.

        The quote decides which programs there are: it leaves out those of other companies,
        currencies and shops, in which the same customer may have points as well. A program the
        customer has not joined, and has no points in, is none of the till's business either, but for what
        the order would have earned there, where non-members are told.
        """
        tells = self._loyalty_sidecar_tells_non_members()
        balances = {balance["program"]: balance for balance in balances}
        return [
            {
                **balances[quote["program"]],
                "earns": quote["earns"],
                "takes_back": quote.get("takes_back", "0"),
                "balance_after": quote["balance_after"],
                "rewards": [
                    {
                        **self._loyalty_sidecar_reward(
                            reward, balances[quote["program"]]["available"]
                        ),
                        # Two programs may call a reward the same.
                        "program": quote["program"],
                    }
                    for reward in quote["rewards"]
                ],
            }
            for quote in quotes
            if quote["program"] in balances
            and not self._loyalty_sidecar_is_strange(quote, balances[quote["program"]])
        ] + [
            {
                **balances[quote["program"]],
                "earns": "0",
                "takes_back": "0",
                "balance_after": balances[quote["program"]]["balance"],
                "would_earn": quote["would_earn"],
                "rewards": [],
            }
            for quote in quotes
            if tells
            and quote["program"] in balances
            and float(quote.get("would_earn") or 0) > 0
            and self._loyalty_sidecar_is_strange(quote, balances[quote["program"]])
        ]

    @api.model
    def _loyalty_sidecar_is_strange(self, quote, balance):
        """Whether the customer has nothing to do with a program: not joined, no points, none to come."""
        return (
            bool(quote["rewards"])
            and all(reward.get("reason") == "not_enrolled" for reward in quote["rewards"])
            and not any(float(value or 0) for value in (quote["earns"], balance["balance"]))
        )

    def _loyalty_sidecar_reward(self, reward, available):
        if reward.get("product_id"):
            # The till need not have loaded it to offer it.
            product = self.env["product.product"].browse(int(reward["product_id"])).exists()
            reward = {**reward, "product_name": product.sudo().display_name or ""}
        if reward["applicable"]:
            return reward
        figures = {
            "available": available,
            "required": reward.get("points"),
            "minimum": reward.get("minimum_points"),
        }
        # The sidecar's own sentence is English: the last resort, for reasons newer than this addon.
        words = self.env["loyalty.sidecar"]._words_of_refusal(
            reward.get("reason"), figures, reward.get("message")
        )
        return {**reward, "message": words}
