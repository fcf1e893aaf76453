from decimal import Decimal, InvalidOperation

from odoo import models
from odoo.exceptions import UserError

from ...tools.sidecar_client import SidecarError
from ..service.access import CORRECT


class ResPartner(models.Model):
    """Points that a manager adds or takes by hand."""

    _inherit = "res.partner"

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
