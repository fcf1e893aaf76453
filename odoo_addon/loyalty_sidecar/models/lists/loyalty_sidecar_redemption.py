from odoo import api, fields, models
from odoo.tools import SQL


class LoyaltySidecarRedemption(models.Model):
    """A reward that was redeemed: what it took, off which order, at which till."""

    _name = "loyalty.sidecar.redemption"
    _inherit = "loyalty.sidecar.listing"
    _description = "Loyalty Redemption"
    _auto = False
    _rec_name = "reward_name"
    _order = "at desc, id desc"
    _depends = {
        "pos.config": ["company_id"],
        "pos.order": ["company_id", "config_id", "user_id", "uuid"],
        "res.currency": ["name"],
        "res.partner": ["company_id"],
    }

    _sidecar_method = "redemption.list"
    _sidecar_member = "redemptions"

    at = fields.Datetime(string="Date", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    partner_name = fields.Char(string="Customer at the Time", readonly=True)
    program = fields.Char(string="Program Code", readonly=True)
    program_name = fields.Char(string="Program", readonly=True)
    reward_name = fields.Char(string="Reward", readonly=True)
    points = fields.Float(digits=(16, 2), readonly=True)
    restored = fields.Float(
        string="Given Back", digits=(16, 2), readonly=True, help="Points that refunds gave back of these."
    )
    discount = fields.Monetary(readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    order_id = fields.Many2one("pos.order", readonly=True)
    order_name = fields.Char(string="Order Number", readonly=True)
    config_id = fields.Many2one("pos.config", string="Point of Sale", readonly=True)
    user_id = fields.Many2one("res.users", string="Cashier", readonly=True)
    actor = fields.Char(string="Asked by", readonly=True, help="The token the service was asked with.")
    state = fields.Selection(
        [
            ("captured", "Redeemed"),
            ("partly_reversed", "Partly given back"),
            ("reversed", "Given back"),
        ],
        readonly=True,
    )
    company_id = fields.Many2one("res.company", readonly=True)

    @api.model
    def _search(self, domain, *args, **kwargs):
        # The sidecar is asked for the days that are looked at, not for all years.
        window = self._sidecar_window(domain)
        searched = self.with_context(loyalty_sidecar_window=window) if window else self
        return super(LoyaltySidecarRedemption, searched)._search(domain, *args, **kwargs)

    @api.model
    def _sidecar_window(self, domain):
        """``{"from": …, "to": …}``: the times outside of which no row can match."""
        bounds = {}
        for condition in self._sidecar_conditions(domain):
            value = condition.value
            if condition.field_expr != "at" or not value:
                continue
            at = fields.Datetime.to_datetime(value)
            if condition.operator in (">", ">="):
                bounds["from"] = max(bounds.get("from", at), at)
            elif condition.operator in ("<", "<="):
                # `to` is exclusive, and Odoo's times have no fractions of seconds.
                at = fields.Datetime.add(at, seconds=1)
                bounds["to"] = min(bounds.get("to", at), at)
        return {name: f"{at:%Y-%m-%dT%H:%M:%S}Z" for name, at in bounds.items()}

    def _sidecar_params(self):
        return dict(self.env.context.get("loyalty_sidecar_window") or {})

    def _sidecar_row(self, item):
        order = item.get("order") or {}
        return {
            "key": item["hold_id"],
            "at": item["at"],
            "partner": item["partner_id"],
            "partner_name": item.get("partner_name"),
            "program": item["program"],
            "program_name": item.get("program_name") or item["program"],
            "reward_name": item.get("reward_name") or item["reward"],
            "points": item["points"],
            "restored": item["restored"],
            "discount": item["discount"],
            "currency": item.get("currency"),
            "order_uuid": order.get("uuid"),
            "order_name": order.get("name"),
            "config": item.get("pos_config_id"),
            "actor": item["actor"].rsplit(" (lsk_", 1)[0],
            "state": item["state"],
        }

    def _sidecar_query(self, rows):
        return SQL(
            """
            SELECT item.id, item.is_incomplete, %s AS at, partner.id AS partner_id, item.partner_name, item.program,
                   item.program_name, item.reward_name, item.points, item.restored, item.discount,
                   currency.id AS currency_id, pos_order.id AS order_id, item.order_name,
                   COALESCE(pos_order.config_id, config.id) AS config_id, pos_order.user_id, item.actor, item.state,
                   COALESCE(pos_order.company_id, config.company_id, partner.company_id) AS company_id
              FROM jsonb_to_recordset(%s::jsonb) AS item(
                       id bigint, is_incomplete boolean, at timestamptz, partner bigint, partner_name varchar,
                       program varchar, program_name varchar, reward_name varchar, points numeric, restored numeric,
                       discount numeric, currency varchar, order_uuid varchar, order_name varchar, config bigint,
                       actor varchar, state varchar)
         LEFT JOIN res_partner partner ON partner.id = item.partner
         LEFT JOIN res_currency currency ON currency.name = item.currency
         LEFT JOIN pos_order ON pos_order.uuid = item.order_uuid
         LEFT JOIN pos_config config ON config.id = item.config
            """,
            self._sidecar_time("at"),
            rows,
        )

    def action_open_order(self):
        self.ensure_one()
        if not self.order_id:
            return False
        return {
            "type": "ir.actions.act_window",
            "res_model": "pos.order",
            "res_id": self.order_id.id,
            "views": [(False, "form")],
        }
