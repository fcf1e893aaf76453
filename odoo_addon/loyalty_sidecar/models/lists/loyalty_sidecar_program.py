from datetime import datetime

from markupsafe import Markup
from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import format_datetime

# So many versions are told, the newest first.
VERSIONS_SHOWN = 20


class LoyaltySidecarProgram(models.Model):
    """A program in the words of ``loyalty-sidecar program check``, with its versions. It is changed in the service."""

    _name = "loyalty.sidecar.program"
    _inherit = "loyalty.sidecar.listing"
    _description = "Loyalty Program"
    _auto = False
    _rec_name = "name"
    _order = "archived_at desc nulls first, name, id"

    _sidecar_method = "program.list"
    _sidecar_member = "programs"

    code = fields.Char(readonly=True)
    name = fields.Char(readonly=True)
    version = fields.Integer(readonly=True, aggregator=None)
    archived_at = fields.Datetime(string="Archived On", readonly=True)
    state = fields.Selection([("running", "Running"), ("archived", "Archived")], readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    description = fields.Html(compute="_compute_description", sanitize=False, readonly=True)
    versions = fields.Html(compute="_compute_versions", sanitize=False, readonly=True)

    @api.depends("code", "version")
    @api.depends_context("lang")
    def _compute_description(self):
        for program in self:
            answer = self._sidecar_ask_of(program, program.version)
            if not answer["ok"]:
                program.description = self._sidecar_problem(answer["error"]["message"])
            elif answer["result"].get("problem"):
                program.description = self._sidecar_problem(answer["result"]["problem"])
            else:
                program.description = self._sidecar_sections(answer["result"])

    @api.depends("code", "version")
    @api.depends_context("lang", "tz")
    def _compute_versions(self):
        for program in self:
            numbers = list(range(program.version, 0, -1))[:VERSIONS_SHOWN]
            answers = self.env["loyalty.sidecar"]._ask_many(
                [("program.get", {"code": program.code, "version": number}) for number in numbers]
            )
            rows = Markup().join(
                Markup("<tr><td>%s</td><td>%s</td><td>%s</td></tr>")
                % (number, self._sidecar_since(answer, number), self._sidecar_state_of(answer))
                for number, answer in zip(numbers, answers, strict=True)
            )
            heads = Markup("<tr><th>%s</th><th>%s</th><th>%s</th></tr>") % (
                self.env._("Version"),
                self.env._("In force from"),
                self.env._("Name"),
            )
            program.versions = (
                Markup('<table class="table table-sm o_loyalty_sidecar_versions">%s%s</table>') % (heads, rows)
            )

    def _sidecar_ask_of(self, program, version):
        answer = self.env["loyalty.sidecar"]._ask(
            "program.get", {"code": program.code, "version": version, "describe": True}
        )
        if not answer["ok"] and answer["error"]["kind"] == "forbidden":
            answer["error"]["message"] = self.env["loyalty.sidecar"]._words_needs_viewer()
        return answer

    def _sidecar_problem(self, message):
        return Markup('<div class="alert alert-warning" role="alert">%s</div>') % message

    def _sidecar_since(self, answer, number):
        if not answer["ok"]:
            return answer["error"]["message"]
        since = answer["result"].get("effective_from")
        if not since:
            return self.env._("the beginning") if number == 1 else ""
        return format_datetime(self.env, datetime.fromisoformat(since).replace(tzinfo=None, microsecond=0))

    def _sidecar_state_of(self, answer):
        if not answer["ok"]:
            return ""
        return (answer["result"].get("program") or {}).get("name") or ""

    def _sidecar_sections(self, shown):
        """The sidecar's words, and below them what Odoo calls the records that it names by number."""
        headings = self._sidecar_headings()
        sections = Markup().join(
            Markup("<tr><th>%s</th><td>%s</td></tr>")
            % (
                headings.get(section["heading"], section["heading"]),
                Markup("<br/>").join(section["lines"]),
            )
            for section in [
                *shown.get("description", []),
                *self._sidecar_names(shown.get("program") or {}),
            ]
        )
        return Markup('<table class="table o_loyalty_sidecar_words">%s</table>') % sections

    def _sidecar_headings(self):
        return {
            "Who": self.env._("Who"),
            "Where": self.env._("Where"),
            "When": self.env._("When"),
            "Rules": self.env._("Rules"),
            "Together": self.env._("Together"),
            "Expiry": self.env._("Expiry"),
            "Redeeming": self.env._("Redeeming"),
            "Rewards": self.env._("Rewards"),
        }

    def _sidecar_names(self, document):
        """What the numbers in the words stand for, as this user may see it."""
        models_by_member = {
            "company_id": "res.company",
            "product_id": "product.product",
            "product_ids": "product.product",
            "exclude_product_ids": "product.product",
            "product_category_ids": "product.category",
            "exclude_product_category_ids": "product.category",
            "pos_category_ids": "pos.category",
            "exclude_pos_category_ids": "pos.category",
            "pos_config_ids": "pos.config",
            "partner_tag_ids": "res.partner.category",
        }
        found = {}

        def walk(value):
            if isinstance(value, list):
                for each in value:
                    walk(each)
            elif isinstance(value, dict):
                for member, each in value.items():
                    if member in models_by_member and each:
                        ids = each if isinstance(each, list) else [each]
                        found.setdefault(models_by_member[member], set()).update(ids)
                    else:
                        walk(each)

        walk(document)
        lines = []
        for model, ids in found.items():
            records = self.env[model].with_context(active_test=False)
            known = {each.id: each.display_name for each in records.search([("id", "in", list(ids))])}
            label = self.env["ir.model"].sudo()._get(model).name
            lines += [
                f"{label} {each}: {known.get(each) or self.env._('not in Odoo, or not yours to see')}"
                for each in sorted(ids)
            ]
        return [{"heading": self.env._("Names"), "lines": lines}] if lines else []

    def _sidecar_ask(self, params):
        # It gives all at once and takes no pages.
        return super()._sidecar_ask({})

    def _sidecar_fetch(self, params):
        return self._sidecar_with_companies(super()._sidecar_fetch(params), "code")

    def _sidecar_row(self, item):
        return {
            "key": item["code"],
            "code": item["code"],
            "name": item.get("name") or item["code"],
            "version": item["version"],
            "archived_at": item.get("archived_at"),
            "state": "archived" if item.get("archived_at") else "running",
        }

    def _sidecar_query(self, rows):
        return SQL(
            """
            SELECT item.id, item.is_incomplete, item.code, item.name, item.version, %s AS archived_at, item.state,
                   item.company AS company_id
              FROM jsonb_to_recordset(%s::jsonb) AS item(
                       id bigint, is_incomplete boolean, code varchar, name varchar, version int,
                       archived_at timestamptz, state varchar, company bigint)
            """,
            self._sidecar_time("archived_at"),
            rows,
        )
