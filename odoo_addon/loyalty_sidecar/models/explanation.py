from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal

from odoo import api, models

ROUNDINGS = {"down": ROUND_DOWN, "half_up": ROUND_HALF_UP, "up": ROUND_UP}


class LoyaltySidecar(models.AbstractModel):
    """Words for ``loyalty.explain``: what a manager reads out to a customer who asks."""

    _inherit = "loyalty.sidecar"

    @api.model
    def _explain(self, explanation):
        """Sentences, in the order in which one would compute."""
        document = explanation.get("document") or {}
        earned = explanation.get("lines") or []
        sentences = self._explain_rules(document, earned)
        if earned:
            sentences += self._explain_multipliers(earned)
            sentences += self._explain_total(explanation, document)
        else:
            sentences.append(self._explain_kind(explanation["entry"]["kind"]))
            sentences += self._explain_reward(explanation.get("redeemed"), document)
        if explanation.get("version"):
            sentences.append(
                self.env._(
                    "By version %(version)s of the program “%(name)s”.",
                    version=explanation["version"],
                    name=document.get("name") or explanation["program"],
                )
            )
        return sentences

    @api.model
    def _explain_rules(self, document, earned):
        rules = {rule["code"]: rule for rule in (document.get("earning") or {}).get("rules") or []}
        sentences = []
        for code in dict.fromkeys(line["rule"] for line in earned):
            lines = [line for line in earned if line["rule"] == code]
            base = sum((Decimal(line["base"]) for line in lines), Decimal(0))
            made = sum((Decimal(line["points"]) for line in lines), Decimal(0))
            sentences.append(
                self.env._(
                    "%(rule)s: %(how)s, makes %(points)s.",
                    rule=code,
                    how=self._explain_rule(rules.get(code) or {}, base, document),
                    points=self._points_in_words(made, document),
                )
            )
        return sentences

    @api.model
    def _explain_rule(self, rule, base, document):
        kind, points = (
            rule.get("kind"),
            self._points_in_words(rule.get("points") or 0, document),
        )
        if kind == "per_amount" and rule.get("step") == "prorata":
            return self.env._(
                "%(points)s for %(every)s, in proportion, of %(base)s",
                points=points,
                every=rule["every"],
                base=self._amount_in_words(base),
            )
        if kind == "per_amount":
            return self.env._(
                "%(points)s per full %(every)s of %(base)s",
                points=points,
                every=rule["every"],
                base=self._amount_in_words(base),
            )
        if kind == "per_unit":
            return self.env._(
                "%(points)s for each of %(quantity)s",
                points=points,
                quantity=self._format_points(base),
            )
        if kind == "per_order":
            return self.env._("%(points)s for the order", points=points)
        # A kind newer than this addon: its name and what it saw still say something.
        return f"{kind or '?'} ({self._format_points(base)})"

    @api.model
    def _explain_multipliers(self, earned):
        multiplied = {}
        for line in earned:
            if line.get("multipliers"):
                key = (line["factor"], tuple(line["multipliers"]))
                multiplied.setdefault(key, set()).add(line.get("product_id"))
        sentences = []
        for (factor, codes), products in multiplied.items():
            names = (
                self.env["product.product"]
                .browse(sorted(product for product in products if product))
                .exists()
                .sudo()
                .mapped("display_name")
            )
            sentences.append(
                self.env._(
                    "%(rules)s: times %(factor)s, contained above, on %(products)s.",
                    rules=", ".join(codes),
                    factor=self._format_points(factor),
                    products=", ".join(names) or "?",
                )
            )
        return sentences

    @api.model
    def _explain_total(self, explanation, document):
        total = Decimal(explanation["total_before_rounding"])
        rounding = explanation.get("rounding") or {}
        mode, decimals = rounding.get("mode") or "down", int(rounding.get("decimals") or 0)
        rounded = total.quantize(Decimal(1).scaleb(-decimals), ROUNDINGS.get(mode, ROUND_DOWN))
        how = {
            "down": self.env._("rounded down"),
            "half_up": self.env._("rounded half up"),
            "up": self.env._("rounded up"),
        }.get(mode, mode)
        sentences = [
            self.env._(
                "In all %(total)s, %(how)s to %(decimals)s decimals: %(points)s.",
                total=self._format_points(total),
                how=how,
                decimals=decimals,
                points=self._points_in_words(rounded, document),
            )
        ]
        posted = Decimal(explanation["entry"]["points"])
        if posted != rounded:
            sentences.append(
                self.env._(
                    "That is what the sale earns as it stands; this entry is the difference to what was "
                    "entered for it before: %(points)s.",
                    points=self._points_in_words(posted, document),
                )
            )
        return sentences

    @api.model
    def _explain_reward(self, redeemed, document):
        if not redeemed:
            return []
        return [
            self.env._(
                "The reward “%(name)s”: %(points)s, %(discount)s off the order.",
                name=redeemed.get("name") or redeemed["reward"],
                points=self._points_in_words(redeemed["points"], document),
                discount=redeemed["discount"],
            )
            if Decimal(redeemed.get("discount") or 0)
            else self.env._(
                "The reward “%(name)s”: %(points)s.",
                name=redeemed.get("name") or redeemed["reward"],
                points=self._points_in_words(redeemed["points"], document),
            )
        ]

    @api.model
    def _explain_kind(self, kind):
        return {
            "earn": self.env._("Earned by a sale."),
            "redeem": self.env._("Points spent on a reward."),
            "clawback": self.env._("What a sale had earned was taken back with its goods."),
            "restore": self.env._(
                "A reward was taken back: its points returned to the lots they came from."
            ),
            "expire": self.env._("The end of these points had come."),
            "adjust": self.env._("Entered by hand, with the reason given."),
            "transfer": self.env._("Moved between customers."),
        }.get(kind, kind)

    @api.model
    def _points_in_words(self, points, document):
        number = self._format_points(points)
        name = document.get("points_name") or "points"
        if name != "points":
            return f"{number} {name}"
        return self.env._("1 point") if number == "1" else self.env._("%s points", number)

    @api.model
    def _amount_in_words(self, amount):
        """Money of a program keeps its two digits; a finer amount keeps what it has."""
        return f"{amount:.2f}" if amount == amount.quantize(Decimal("0.01")) else f"{amount:f}"
