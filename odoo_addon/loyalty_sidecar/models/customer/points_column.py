from decimal import Decimal, InvalidOperation

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

# The most customers the sidecar is asked for at once.
CUSTOMERS_AT_ONCE = 1000
COMPARISONS = {
    ">": lambda points, bound: points > bound,
    ">=": lambda points, bound: points >= bound,
    "<": lambda points, bound: points < bound,
    "<=": lambda points, bound: points <= bound,
}


class ResPartner(models.Model):
    """The points as a column of the list of customers, to be shown, exported and searched by."""

    _inherit = "res.partner"

    # Asked for only where a list or an export shows it. A text, since a customer may be in several programs.
    loyalty_sidecar_balance = fields.Char(
        string="Loyalty Points",
        compute="_compute_loyalty_sidecar_balance",
        search="_search_loyalty_sidecar_balance",
        groups="point_of_sale.group_pos_user",
        help="Points that can be spent now, as the loyalty service tells them.",
    )

    @api.depends_context("lang")
    def _compute_loyalty_sidecar_balance(self):
        sidecar = self.env["loyalty.sidecar"]
        partners = self._origin
        for start in range(0, len(partners), CUSTOMERS_AT_ONCE):
            batch = partners[start : start + CUSTOMERS_AT_ONCE]
            answer = sidecar._ask_aside("loyalty.balance", {"partner_ids": batch.ids})
            if not answer["ok"]:
                # A list of customers is of use without points, too, and each row says why it has none.
                partners[start:].loyalty_sidecar_balance = self.env._("not available now")
                break
            for partner, balance in zip(batch, answer["result"], strict=True):
                partner.loyalty_sidecar_balance = self._loyalty_sidecar_in_words(balance["programs"])
        (self - self.filtered(lambda partner: partner._origin)).loyalty_sidecar_balance = False

    @api.model
    def _loyalty_sidecar_in_words(self, programs):
        """“340 points”, or of several programs “Club: 340 points, Coffee: 3 stars”; nothing where there are none."""
        sidecar = self.env["loyalty.sidecar"]
        with_points = [each for each in programs if Decimal(each["available"])]
        words = [
            sidecar._points_in_words(each["available"], each["points_name"])
            for each in with_points
        ]
        if len(words) > 1:
            words = [
                f"{each['name']}: {text}" for each, text in zip(with_points, words, strict=True)
            ]
        return ", ".join(words) or False

    @api.model
    def _search_loyalty_sidecar_balance(self, operator, value):
        """Members by their points: set or not, or compared with a number, in any program."""
        # Odoo asks for the groups of a field where it is read, but not where its search method answers.
        self._check_field_access(self._fields["loyalty_sidecar_balance"], "read")
        if operator == "in" and set(value) <= {False, None, ""}:
            return ~Domain("id", "in", self._loyalty_sidecar_members(lambda points: points != 0))
        if operator not in COMPARISONS:
            return NotImplemented
        try:
            bound = Decimal(str(value))
        except InvalidOperation as error:
            raise UserError(self.env._("Compare loyalty points with a number.")) from error
        compare = COMPARISONS[operator]
        members = self._loyalty_sidecar_members(lambda points: compare(points, bound))
        if compare(Decimal(0), bound):
            # Who is no member has none.
            others = self._loyalty_sidecar_members(lambda points: not compare(points, bound))
            return ~Domain("id", "in", others)
        return Domain("id", "in", members)

    @api.model
    def _loyalty_sidecar_members(self, wanted):
        """The ids of the members whose points in some program are as wanted. Raises when the service is away."""
        members = self.env["loyalty.sidecar.member"]
        found = members._sidecar_rows()
        if not found["answer"]["ok"]:
            raise UserError(found["answer"]["error"]["message"])
        # Not by the list's rules: these would ask who may see the customers, which the caller's search does.
        is_ours = self.env["loyalty.sidecar"]._is_company_of_user
        return list(
            {
                row["partner"]
                for row in found["rows"]
                if is_ours(row["company"] or False) and wanted(Decimal(row["available"]))
            }
        )
