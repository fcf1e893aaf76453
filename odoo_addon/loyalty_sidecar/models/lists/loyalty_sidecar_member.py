from odoo import fields, models
from odoo.tools import SQL


class LoyaltySidecarMember(models.Model):
    """A customer in a program, with the points of now."""

    _name = "loyalty.sidecar.member"
    _inherit = "loyalty.sidecar.listing"
    _description = "Loyalty Member"
    _auto = False
    _rec_name = "partner_id"
    _order = "available desc, id"
    # What the query below reads of Odoo's own tables.
    _depends = {
        "res.partner": [
            "city",
            "company_id",
            "complete_name",
            "country_id",
            "email",
            "phone",
            "user_id",
        ],
    }

    _sidecar_method = "member.list"
    _sidecar_member = "members"
    _sidecar_page = 1000

    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    program = fields.Char(string="Program Code", readonly=True)
    program_name = fields.Char(string="Program", readonly=True)
    points_name = fields.Char(string="Unit", readonly=True)
    available = fields.Float(digits=(16, 2), readonly=True)
    held = fields.Float(string="Reserved", digits=(16, 2), readonly=True)
    balance = fields.Float(digits=(16, 2), readonly=True)
    expires_on = fields.Datetime(
        string="Next End",
        readonly=True,
        help="When the points end that end first.",
    )
    expiring = fields.Float(string="Ending Then", digits=(16, 2), readonly=True)
    last_activity_at = fields.Datetime(string="Last Activity", readonly=True)
    enrolled_at = fields.Datetime(string="Joined", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    program_company_id = fields.Many2one("res.company", string="Company of the Program", readonly=True)
    country_id = fields.Many2one("res.country", readonly=True)
    city = fields.Char(readonly=True)
    email = fields.Char(readonly=True)
    phone = fields.Char(readonly=True)
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)

    def _sidecar_fetch(self, params):
        return self._sidecar_with_companies(super()._sidecar_fetch(params), "program")

    def _sidecar_row(self, item):
        expiring = (item.get("expiring") or [{}])[0]
        return {
            "key": f"{item['partner_id']} {item['program']}",
            "partner": item["partner_id"],
            "program": item["program"],
            "program_name": item.get("program_name") or item["program"],
            "points_name": item.get("points_name"),
            "available": item["available"],
            "held": item["held"],
            "balance": item["balance"],
            "expires_on": expiring.get("on"),
            "expiring": expiring.get("points") or "0",
            "last_activity_at": item.get("last_activity_at"),
            "enrolled_at": item.get("enrolled_at"),
        }

    def _sidecar_query(self, rows):
        # Contacts that Odoo has no more are no rows here: nobody could tell who may see them.
        return SQL(
            """
            SELECT item.id, item.is_incomplete, partner.id AS partner_id, item.program, item.program_name,
                   item.points_name, item.available, item.held, item.balance, item.expiring,
                   %s AS expires_on, %s AS last_activity_at, %s AS enrolled_at,
                   item.company AS program_company_id,
                   partner.company_id, partner.country_id, partner.city, partner.email, partner.phone, partner.user_id
              FROM jsonb_to_recordset(%s::jsonb) AS item(
                       id bigint, is_incomplete boolean, partner bigint, program varchar, company bigint,
                       program_name varchar, points_name varchar, available numeric, held numeric, balance numeric,
                       expiring numeric, expires_on timestamptz, last_activity_at timestamptz, enrolled_at timestamptz)
              JOIN res_partner partner ON partner.id = item.partner
            """,
            self._sidecar_time("expires_on"),
            self._sidecar_time("last_activity_at"),
            self._sidecar_time("enrolled_at"),
            rows,
        )

    def action_open_customer(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self.partner_id.id,
            "views": [(False, "form")],
        }
