from decimal import Decimal

from odoo import api, models

# So many products are named; of the others, how many there are.
PRODUCTS_NAMED = 5


class LoyaltySidecar(models.AbstractModel):
    """Words for ``loyalty.explain``: what a manager reads out to a customer who asks."""

    _inherit = "loyalty.sidecar"

    @api.model
    def _explain(self, explanation):
        """Sentences, in the order in which one would compute."""
        rules = explanation.get("rules") or []
        sentences = [self._explain_rule(rule, explanation) for rule in rules]
        if rules:
            sentences += self._explain_multipliers(rules)
            sentences += self._explain_total(explanation)
        else:
            sentences.append(self._explain_kind(explanation["entry"]["kind"]))
            sentences += self._explain_reward(explanation)
        if explanation.get("version"):
            sentences.append(
                self.env._(
                    "By version %(version)s of the program “%(name)s”.",
                    version=explanation["version"],
                    name=explanation.get("program_name") or explanation["program"],
                )
            )
        return sentences

    @api.model
    def _explain_rule(self, rule, explanation):
        name = explanation.get("points_name")
        money = explanation.get("currency")
        kind = rule.get("kind")
        figures = {
            "rule": self._name_of_code(rule["code"]),
            "points": self._points_in_words(rule["points"], name),
        }
        if kind in ("per_amount", "per_unit", "per_order"):
            figures["each"] = self._points_in_words(rule.get("points_each") or 0, name)
        if kind == "per_amount":
            figures |= {
                "every": self._format_money(rule["every"], money),
                "amount": self._format_money(rule["amount"], money),
            }
            if rule.get("step") == "prorata":
                return self.env._(
                    "%(rule)s: %(each)s for each %(every)s, in proportion, of %(amount)s: %(points)s.",
                    **figures,
                )
            return self.env._(
                "%(rule)s: %(each)s for each full %(every)s of %(amount)s: %(points)s.", **figures
            )
        if kind == "per_unit":
            return self.env._(
                "%(rule)s: %(quantity)s × %(each)s: %(points)s.",
                quantity=self._format_points(rule["quantity"]),
                **figures,
            )
        if kind == "per_order":
            return self.env._("%(rule)s: %(each)s once for the order: %(points)s.", **figures)
        # A kind newer than this addon: its name and what it made still say something.
        return self.env._("%(rule)s: %(points)s.", **figures)

    @api.model
    def _explain_multipliers(self, rules):
        multiplied = {}
        for rule in rules:
            for each in rule.get("multipliers") or []:
                names = multiplied.setdefault((each["code"], each["factor"]), {})
                names |= self._products_of(each)
        return [
            self._explain_multiplier(code, factor, list(names.values()))
            for (code, factor), names in multiplied.items()
        ]

    @api.model
    def _explain_multiplier(self, code, factor, products):
        figures = {
            "rule": self._name_of_code(code),
            "products": self._listed(products) or self.env._("everything"),
        }
        if Decimal(factor) == 2:
            return self.env._(
                "%(rule)s double points on %(products)s (already included above).", **figures
            )
        if Decimal(factor) == 3:
            return self.env._(
                "%(rule)s triple points on %(products)s (already included above).", **figures
            )
        return self.env._(
            "%(rule)s points times %(factor)s on %(products)s (already included above).",
            factor=self._format_points(factor),
            **figures,
        )

    @api.model
    def _products_of(self, multiplier):
        """Names by id: Odoo's, in the user's language, or those the sidecar has of products that are gone."""
        ids = multiplier.get("product_ids") or []
        known = self.env["product.product"].sudo().with_context(active_test=False)
        names = {product.id: product.display_name for product in known.browse(ids).exists()}
        theirs = dict(zip(ids, multiplier.get("product_names") or [], strict=False))
        return {each: names.get(each) or theirs.get(each) or str(each) for each in ids}

    @api.model
    def _listed(self, names):
        more = len(names) - PRODUCTS_NAMED
        text = ", ".join(names[:PRODUCTS_NAMED])
        if more > 0:
            return self.env._("%(names)s and %(count)s more", names=text, count=more)
        return text

    @api.model
    def _explain_total(self, explanation):
        name = explanation.get("points_name")
        total = Decimal(explanation["total_before_rounding"])
        rounded = Decimal(explanation["rounded"])
        figures = {
            "total": self._points_in_words(total, name),
            "points": self._points_in_words(rounded, name),
        }
        if total == rounded:
            sentences = [self.env._("Together: %(points)s.", points=figures["points"])]
        else:
            sentences = [
                self.env._(
                    "Together: %(total)s, %(rounding)s: %(points)s.",
                    rounding=self._explain_rounding(explanation.get("rounding") or {}),
                    **figures,
                )
            ]
        before = Decimal(explanation.get("posted_before") or 0)
        if before:
            sentences.append(
                self.env._(
                    "%(before)s had been booked for this sale before; this entry is the difference: %(points)s.",
                    before=self._points_in_words(before, name),
                    points=self._points_in_words(explanation["entry"]["points"], name),
                )
            )
        return sentences

    @api.model
    def _explain_rounding(self, rounding):
        decimals = int(rounding.get("decimals") or 0)
        mode = rounding.get("mode") or "down"
        if decimals == 0:
            return {
                "down": self.env._("rounded down to whole points"),
                "half_up": self.env._("rounded to the nearest whole point"),
                "up": self.env._("rounded up to whole points"),
            }.get(mode, mode)
        return {
            "down": self.env._("rounded down to %s decimals", decimals),
            "half_up": self.env._("rounded to the nearest with %s decimals", decimals),
            "up": self.env._("rounded up to %s decimals", decimals),
        }.get(mode, mode)

    @api.model
    def _explain_reward(self, explanation):
        redeemed = explanation.get("redeemed")
        if not redeemed:
            return []
        figures = {
            "name": redeemed.get("name") or redeemed["reward"],
            "points": self._points_in_words(redeemed["points"], explanation.get("points_name")),
        }
        if Decimal(redeemed.get("discount") or 0):
            currency = redeemed.get("currency") or explanation.get("currency")
            return [
                self.env._(
                    "The reward “%(name)s”: %(points)s, %(discount)s off the order.",
                    discount=self._format_money(redeemed["discount"], currency),
                    **figures,
                )
            ]
        return [self.env._("The reward “%(name)s”: %(points)s.", **figures)]

    @api.model
    def _explain_kind(self, kind):
        return {
            "earn": self.env._("Earned by a sale."),
            "redeem": self.env._("Points spent on a reward."),
            "clawback": self.env._("What a sale had earned was taken back with its goods."),
            "restore": self.env._(
                "A reward was taken back: its points are valid for as long as they were before."
            ),
            "expire": self.env._("These points were valid until then."),
            "adjust": self.env._("Entered by hand, with the reason given."),
            "transfer": self.env._("Moved between customers."),
        }.get(kind, kind)

    @api.model
    def _name_of_code(self, code):
        """Rules have a code alone: “sunday_happy-hour” is read out as “Sunday happy hour”."""
        words = " ".join(code.replace("_", " ").replace("-", " ").split())
        return words[:1].upper() + words[1:] if words else code
