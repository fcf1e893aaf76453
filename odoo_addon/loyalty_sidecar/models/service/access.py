from odoo import api, models
from odoo.exceptions import AccessError

# What people may do, and the groups of Odoo that may do it.
LOOK, CORRECT, CONFIGURE = "look", "correct", "configure"
GROUPS = {
    LOOK: ("point_of_sale.group_pos_user",),
    CORRECT: ("point_of_sale.group_pos_manager",),
    CONFIGURE: ("base.group_system",),
}


class LoyaltySidecar(models.AbstractModel):
    """Who may do what. Every public method asks here first; no other file of the addon decides it."""

    _inherit = "loyalty.sidecar"

    @api.model
    def _groups_that_may(self, right):
        """The groups with a right. An addon for another channel adds its own."""
        return GROUPS[right]

    @api.model
    def _may(self, right):
        """Whether this user has a right."""
        return any(self.env.user.has_group(group) for group in self._groups_that_may(right))

    @api.model
    def _require(self, right, records=None):
        """Raise AccessError unless this user has a right, and may read these records."""
        if not self._may(right):
            raise AccessError(self._words_of_missing_right(right))
        if records is not None:
            records.check_access("read")

    @api.model
    def _require_customer(self, partner_id, company):
        """The customer of an order of this company, if this user may see it and it may buy there."""
        partner = self.env["res.partner"].browse(int(partner_id or 0)).exists()
        if not partner:
            raise AccessError(self.env._("This customer does not exist any more."))
        partner.check_access("read")
        # A user of two companies may see both customers, a till serves its own company's alone.
        owner = partner.sudo().company_id
        if owner and owner not in company.sudo().parent_ids:
            raise AccessError(self.env._("This customer belongs to another company."))
        return partner

    @api.model
    def _require_holds_of(self, company, hold_ids):
        """Raise AccessError if an order of another company carries one of these. A till's own may not be saved yet."""
        foreign = (
            self.env["pos.order.line"]
            .sudo()
            .search_count(
                [("loyalty_hold_id", "in", hold_ids), ("order_id.company_id", "!=", company.id)],
                limit=1,
            )
        )
        if foreign:
            raise AccessError(self.env._("These points are reserved for another company's order."))

    @api.model
    def _require_program(self, answer):
        """Raise AccessError unless the program that ``program.get`` answered with is one of this user's companies."""
        if not self._is_company_of_user(self._company_of_program(answer)):
            raise AccessError(
                self.env._(
                    "This loyalty program is another company's. If that company is one of yours, choose it at the top "
                    "of the screen; else ask one of its managers."
                )
            )

    @api.model
    def _require_entry(self, explanation, partner):
        """Raise AccessError unless an explained entry is this customer's: the rights on it are the customer's."""
        if explanation.get("partner_id") != partner.id:
            raise AccessError(self.env._("This entry does not belong to this customer."))

    @api.model
    def _is_company_of_user(self, company):
        """Whether this user may see and change a program of this company: as the lists' rules say it.

        A company's program holds in its branches, too: users of a branch work with it.
        """
        if company is None:
            return False
        return not company or company in self.env.companies.parent_ids.ids
