from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from babel.core import Locale, UnknownLocaleError
from odoo import api, models
from odoo.tools.misc import format_amount, get_lang

# Points have two decimals; what is computed on the way to them is shown with two more.
DECIMALS_SHOWN = 4
# Names that end in an s but are no plural.
NO_PLURAL = ("ss", "us", "is")


class LoyaltySidecar(models.AbstractModel):
    """Numbers in words: points, money and names as the user's language writes them."""

    _inherit = "loyalty.sidecar"

    @api.model
    def _format_points(self, value):
        """“1200.00” as “1,200”, “0.50” as “0.5”, in the user's notation; anything that is no number as it is."""
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            return str(value)
        if not number.is_finite():
            return str(value)
        number = number.quantize(Decimal(1).scaleb(-DECIMALS_SHOWN), ROUND_HALF_UP)
        lang = get_lang(self.env)
        whole, _dot, fraction = f"{abs(number):f}".partition(".")
        whole = self.env["res.lang"].browse(lang.id).format("%d", int(whole), grouping=True)
        fraction = fraction.rstrip("0")
        text = f"{whole}{lang.decimal_point}{fraction}" if fraction else whole
        return f"-{text}" if number < 0 else text

    @api.model
    def _format_money(self, amount, currency):
        """An amount in a currency by its code, e.g. “$ 59.14”; with the code alone where Odoo has no such currency."""
        known = (
            self.env["res.currency"]
            .sudo()
            .with_context(active_test=False)
            .search([("name", "=", currency or "")], limit=1)
        )
        if known:
            return format_amount(self.env, float(Decimal(str(amount))), known)
        return f"{self._format_points(amount)} {currency or ''}".strip()

    @api.model
    def _points_in_words(self, points, name=None):
        """“1 star”, “1,200 stars”: a number of points with the program's own name for them."""
        return f"{self._format_points(points)} {self._name_of_points(points, name)}"

    @api.model
    def _name_of_points(self, points, name=None):
        one = self._is_singular(points)
        if not name or name == "points":
            return self.env._("point") if one else self.env._("points")
        return self._singular(name) if one else name

    @api.model
    def _is_singular(self, number):
        """Whether the user's language says this number in the singular: French does so for 1.5, too."""
        try:
            number = abs(float(number))
            locale = Locale.parse(get_lang(self.env).code.split("@")[0])
        except (ValueError, UnknownLocaleError):
            return False
        return locale.plural_form(number) == "one"

    @api.model
    def _singular(self, name):
        """A program names its points in the plural alone: “stars”, “points fidélité”."""
        words = name.split(" ")
        for place in (-1, 0):
            word = words[place]
            if len(word) > 2 and word.endswith("s") and not word.endswith(NO_PLURAL):
                words[place] = word[:-1]
                return " ".join(words)
        return name
