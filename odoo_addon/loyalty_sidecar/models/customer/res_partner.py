from decimal import Decimal, InvalidOperation

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools.sidecar_client import SidecarError
from ..service.access import CORRECT, LOOK

# The most customers the sidecar is asked for at once.
CUSTOMERS_AT_ONCE = 1000
COMPARISONS = {
    ">": lambda points, bound: points > bound,
    ">=": lambda points, bound: points >= bound,
    "<": lambda points, bound: points < bound,
    "<=": lambda points, bound: points <= bound,
}


class ResPartner(models.Model):
    _inherit = "res.partner"

    # Asked for only where a list or an export shows it. A text, since a customer may be in several programs.
    loyalty_sidecar_balance = fields.Char(
        string="Loyalty Points",
        compute="_compute_loyalty_sidecar_balance",
        search="_search_loyalty_sidecar_balance",
        groups="point_of_sale.group_pos_user",
        help="Points that can be spent now, as the loyalty service tells them.",
    )

    def loyalty_sidecar_points(self):
        """Points per program, for the form. The form asks after it has opened, never before."""
        self._loyalty_sidecar_check()
        answer = self.env["loyalty.sidecar"]._ask("loyalty.balance", {"partner_ids": self.ids})
        if not answer["ok"]:
            return answer
        return {
            "ok": True,
            "programs": answer["result"][0]["programs"] if answer["result"] else [],
            "can_adjust": self.env["loyalty.sidecar"]._may(CORRECT),
        }

    def loyalty_sidecar_programs(self):
        """The programs that a manager may correct this customer's points in."""
        self._loyalty_sidecar_check(CORRECT)
        sidecar = self.env["loyalty.sidecar"]
        answers = sidecar._ask_many(
            [("loyalty.balance", {"partner_ids": self.ids}), ("program.list", {})]
        )
        balance, programs = answers
        if not balance["ok"]:
            return balance
        found = {each["program"]: each for each in balance["result"][0]["programs"]}
        # A token of role pos may not list programs: then those the customer has points in must do.
        for program in programs["result"]["programs"] if programs["ok"] else []:
            if not program.get("archived_at"):
                found.setdefault(
                    program["code"],
                    {
                        "program": program["code"],
                        "name": program["name"],
                        "points_name": "points",
                        "balance": "0",
                        "available": "0",
                    },
                )
        try:
            # With the token that the correction will be asked with: the other may be of role pos.
            companies = sidecar._program_companies(found, sidecar._manager_client())
        except SidecarError as error:
            return sidecar._failure(error)
        return {
            "ok": True,
            "programs": [
                program
                for code, program in found.items()
                if sidecar._is_company_of_user(companies.get(code))
            ],
        }

    def loyalty_sidecar_adjust(self, key, program, points, reason):
        """Add points to this customer, or take them, by hand: for managers, with a reason.

        ``key`` is the dialog's, so that a second press of the button corrects nothing twice.
        """
        self._loyalty_sidecar_check(CORRECT)
        sidecar = self.env["loyalty.sidecar"]
        reason = " ".join(str(reason or "").split())
        if not reason:
            raise UserError(self.env._("Write down why the points are corrected."))
        try:
            points = Decimal(str(points))
        except InvalidOperation:
            points = Decimal("NaN")
        if not points.is_finite() or not points:
            raise UserError(self.env._("Enter how many points are added, or with a minus, taken."))
        program = str(program)
        try:
            found = sidecar._manager_client().call("program.get", {"code": program})
        except SidecarError as error:
            return sidecar._failure(error)
        sidecar._require_program(found)
        return sidecar._ask_as_manager(
            "ledger.adjust",
            {
                "idempotency_key": str(key),
                "partner_id": self.id,
                "program": program,
                "points": f"{points:f}",
                "reason": reason,
            },
        )

    def action_loyalty_sidecar_history(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "loyalty_sidecar.action_loyalty_history"
        )
        action["context"] = {"active_id": self.id, "active_model": self._name}
        action["name"] = self.env._("Loyalty history of %(name)s", name=self.display_name)
        return action

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

    def _loyalty_sidecar_check(self, right=LOOK):
        self.ensure_one()
        sidecar = self.env["loyalty.sidecar"]
        sidecar._require(LOOK, self)
        sidecar._require(right)
