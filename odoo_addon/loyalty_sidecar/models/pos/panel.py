from odoo import api, models


class PosConfig(models.Model):
    """What the till shows beside an order: of the service's answers, what concerns it, with words."""

    _inherit = "pos.config"

    def _loyalty_sidecar_programs(self, balances, quotes):
        """Quote and balance of each program, and words for every reward not to be had.

        The quote decides which programs there are: it leaves out those of other companies,
        currencies and shops, in which the same customer may have points as well. A program the
        customer has not joined, and has no points in, is none of the till's business either, but for what
        the order would have earned there, where non-members are told.
        """
        tells = self.env["loyalty.sidecar"]._tells_non_members()
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
