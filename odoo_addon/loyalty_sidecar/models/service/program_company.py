from odoo import api, models

from ...tools.sidecar_client import SidecarRefusal


class LoyaltySidecar(models.AbstractModel):
    """Whose a program is: the sidecar's tokens know no companies, so the addon asks before it shows or changes."""

    _inherit = "loyalty.sidecar"

    @api.model
    def _program_companies(self, codes, client=None):
        """``{code: id of its company, or False for all}``, asked for in one batch; raises SidecarError.

        A program whose company cannot be told is left out, so that nobody takes it for everybody's.
        """
        codes = list(dict.fromkeys(codes))
        if not codes:
            return {}
        answers = (client or self._client()).call_many(
            [("program.get", {"code": code}) for code in codes]
        )
        companies = {}
        for code, answer in zip(codes, answers, strict=True):
            if isinstance(answer, SidecarRefusal):
                if answer.kind != "unknown_program":
                    raise answer
                continue
            company = self._company_of_program(answer)
            if company is not None:
                companies[code] = company
        return companies

    @api.model
    def _company_of_program(self, answer):
        """The id of the company that an answer of ``program.get`` names, False for all, None if it cannot be told."""
        document = answer.get("program") if isinstance(answer, dict) else None
        if not isinstance(document, dict):
            return None
        company = document.get("company_id")
        if company is None:
            return False
        return company if type(company) is int and company > 0 else None
