from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from ..service.access import CORRECT

_lt = LazyTranslate(__name__)

KINDS = {
    "hold_expired": _lt("Reward paid too late"),
    "hold_released": _lt("Reward already given back"),
    "foreign_hold": _lt("Reward of another customer"),
    "unknown_hold": _lt("Unknown reward"),
    "discount_exceeds_hold": _lt("Discount above the reward"),
    "product_exceeds_hold": _lt("Product above the reward"),
    "debt": _lt("Points below zero"),
    "captured_never_paid": _lt("Redeemed, never paid"),
    "captured_without_line": _lt("Redeemed, reward not on the order"),
    "redemption_reversed": _lt("Redemption undone"),
    "reward_no_longer_fits": _lt("Reward too large for the order"),
    "limit_exceeded": _lt("Reward had too often"),
    "orphaned_account": _lt("Points of a customer who is gone"),
    "program_unreadable": _lt("Program cannot be read"),
}
ADVICE = {
    "hold_expired": _lt(
        "The discount was given, but the points were gone. Take them by a correction, or let it be."
    ),
    "hold_released": _lt(
        "The discount was given, but its points had been given back. Take them by a correction, or let it be."
    ),
    "foreign_hold": _lt(
        "The order carries a reward of somebody else. Ask who redeemed it, and correct the points of both."
    ),
    "unknown_hold": _lt(
        "The order carries a reward that the service does not know. Look at the order, and correct the points."
    ),
    "discount_exceeds_hold": _lt(
        "More was taken off than the reward allows. Look at the order and ask the cashier."
    ),
    "product_exceeds_hold": _lt(
        "More of the product was given than the reward allows. Look at the order and ask the cashier."
    ),
    "debt": _lt(
        "More was taken back than the customer had. Later sales pay it; a correction lifts it at once."
    ),
    "captured_never_paid": _lt(
        "Points were spent on an order that was not paid since. Give them back by a correction if it never will be."
    ),
    "captured_without_line": _lt(
        "Points were spent, but the order has no such discount. The points went back unless the text says otherwise."
    ),
    "redemption_reversed": _lt("The order was cancelled or deleted, and its points went back."),
    "reward_no_longer_fits": _lt(
        "The order that was paid is smaller than the reward was for. Look at the order and ask the cashier."
    ),
    "limit_exceeded": _lt("The customer had the reward more often than the program allows."),
    "orphaned_account": _lt(
        "The contact is gone from Odoo, and its points belong to nobody. An administrator of the service moves them."
    ),
    "program_unreadable": _lt(
        "The program's rules cannot be read, so it neither earns nor spends. An administrator corrects its document."
    ),
}


class LoyaltySidecarException(models.Model):
    """What the service will not decide: a manager looks at it, and notes what was done."""

    _name = "loyalty.sidecar.exception"
    _inherit = "loyalty.sidecar.listing"
    _description = "Loyalty Exception"
    _auto = False
    _rec_name = "kind_name"
    _order = "at desc, id desc"
    _depends = {
        "pos.order": ["company_id", "config_id", "uuid"],
        "res.partner": ["company_id"],
    }

    _sidecar_method = "exception.list"
    _sidecar_member = "exceptions"

    exception_id = fields.Char(string="Number", readonly=True)
    at = fields.Datetime(string="Date", readonly=True)
    kind = fields.Char(string="Kind Code", readonly=True)
    kind_name = fields.Char(string="Kind", readonly=True)
    advice = fields.Text(string="What to Do", readonly=True)
    detail = fields.Text(string="What Happened", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    order_id = fields.Many2one("pos.order", readonly=True)
    order_name = fields.Char(string="Order Number", readonly=True)
    config_id = fields.Many2one("pos.config", string="Point of Sale", readonly=True)
    state = fields.Selection([("open", "Open"), ("resolved", "Resolved")], readonly=True)
    note = fields.Text(readonly=True)
    resolved_at = fields.Datetime(string="Resolved On", readonly=True)
    resolved_by = fields.Char(readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)

    def loyalty_sidecar_resolve(self, note):
        """Note what was done about these exceptions; what is resolved already keeps its first note."""
        note = " ".join(str(note or "").split())
        if not note:
            raise UserError(self.env._("Write down what was done about it."))
        sidecar = self.env["loyalty.sidecar"]
        sidecar._require(CORRECT, self)
        for exception in self:
            answer = sidecar._ask_as_manager(
                "exception.resolve", {"exception_id": exception.exception_id, "note": note}
            )
            if not answer["ok"]:
                return answer
        # What this transaction has read is no longer so.
        self.env.cr.cache.pop("loyalty_sidecar.rows", None)
        self.invalidate_model()
        return {"ok": True}

    def action_resolve(self):
        return {
            "type": "ir.actions.client",
            "tag": "loyalty_sidecar.resolve",
            "params": {"ids": self.filtered(lambda each: each.state == "open").ids},
        }

    @api.model
    def _search(self, domain, *args, **kwargs):
        # Years of resolved ones need not be fetched to list those that are open.
        open_alone = any(
            condition.field_expr == "state"
            and condition.operator == "in"
            and set(condition.value) == {"open"}
            for condition in self._sidecar_conditions(domain)
        )
        searched = self.with_context(loyalty_sidecar_state="open") if open_alone else self
        return super(LoyaltySidecarException, searched)._search(domain, *args, **kwargs)

    def _sidecar_params(self):
        state = self.env.context.get("loyalty_sidecar_state")
        return {"state": state} if state else {}

    def _sidecar_row(self, item):
        order = item.get("order") or {}
        kind = item["kind"]
        return {
            "key": item["exception_id"],
            "exception_id": item["exception_id"],
            "at": item["at"],
            "kind": kind,
            # Kinds newer than this addon have their own name.
            "kind_name": self.env._(KINDS[kind]) if kind in KINDS else kind,
            "advice": self.env._(ADVICE[kind]) if kind in ADVICE else None,
            "detail": item["detail"][:1].upper() + item["detail"][1:],
            "partner": item.get("partner_id"),
            "order_uuid": order.get("uuid"),
            "order_name": order.get("name"),
            "state": item["state"],
            "note": item.get("note"),
            "resolved_at": item.get("resolved_at"),
            "resolved_by": item.get("resolved_on_behalf_of")
            or (item.get("resolved_by") or "").rsplit(" (lsk_", 1)[0],
        }

    def _sidecar_query(self, rows):
        return SQL(
            """
            SELECT item.id, item.is_incomplete, item.exception_id, %s AS at, item.kind, item.kind_name, item.advice,
                   item.detail, partner.id AS partner_id, pos_order.id AS order_id, item.order_name,
                   pos_order.config_id, item.state, item.note, %s AS resolved_at, item.resolved_by,
                   COALESCE(pos_order.company_id, partner.company_id) AS company_id
              FROM jsonb_to_recordset(%s::jsonb) AS item(
                       id bigint, is_incomplete boolean, exception_id varchar, at timestamptz, kind varchar,
                       kind_name varchar, advice varchar, detail varchar, partner bigint, order_uuid varchar,
                       order_name varchar, state varchar, note varchar, resolved_at timestamptz, resolved_by varchar)
         LEFT JOIN res_partner partner ON partner.id = item.partner
         LEFT JOIN pos_order ON pos_order.uuid = item.order_uuid
            """,
            self._sidecar_time("at"),
            self._sidecar_time("resolved_at"),
            rows,
        )
