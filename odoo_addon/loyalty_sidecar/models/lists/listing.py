import hashlib
import json
import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.sidecar_client import SidecarError
from ..service.access import LOOK

_logger = logging.getLogger(__name__)

# The newest so many rows can be searched; beyond, a list says that it is not complete.
ROWS_AT_MOST = 20_000
# Ids of Odoo's records are numbers that a browser holds exactly, which has 53 bits for them.
ID_BITS = 52


class LoyaltySidecarListing(models.AbstractModel):
    """A list of what the sidecar knows, for Odoo's own views: search, filters, groups, totals and export.

    Nothing is stored. The table of such a model is a query over the sidecar's answer, which is asked for
    once in a transaction and given to PostgreSQL as JSON. When the sidecar is away, the list is empty and says so.
    """

    _name = "loyalty.sidecar.listing"
    _description = "List from the loyalty service"
    _auto = False

    # Of a concrete model: the method asked, the member of its answer, the most it gives at once.
    _sidecar_method = ""
    _sidecar_member = ""
    _sidecar_page = 500

    is_incomplete = fields.Boolean(string="Incomplete", readonly=True)

    @property
    def _table_query(self):
        return self._sidecar_query(json.dumps(self._sidecar_rows()["rows"]))

    def _sidecar_query(self, rows):
        """The SQL that makes a table of rows, given as JSON."""
        raise NotImplementedError

    def _sidecar_row(self, item):
        """One item of the answer as a row: its ``key`` makes the id."""
        raise NotImplementedError

    def _sidecar_params(self):
        """What the sidecar is asked for."""
        return {}

    @api.model
    def loyalty_sidecar_state(self):
        """Whether the list can be had now, and if not, what to do: asked by the view beside the rows."""
        self.env["loyalty.sidecar"]._require(LOOK, self)
        answer = self._sidecar_ask({**self._sidecar_params(), "limit": 1})
        return {"ok": answer["ok"], "message": "" if answer["ok"] else answer["error"]["message"]}

    def export_data(self, fields_to_export):
        rows = self._sidecar_rows()
        if not rows["answer"]["ok"]:
            # An empty file would look like an empty shop.
            raise UserError(rows["answer"]["error"]["message"])
        return super().export_data(fields_to_export)

    def _sidecar_rows(self):
        """The rows of this transaction: ``{"rows": […], "answer": the last of the answers}``."""
        params = self._sidecar_params()
        key = (self._name, json.dumps(params, sort_keys=True), self.env.lang)
        cache = self.env.cr.cache.setdefault("loyalty_sidecar.rows", {})
        if key not in cache:
            cache[key] = self._sidecar_fetch(params)
        return cache[key]

    def _sidecar_fetch(self, params):
        items, before = [], None
        while True:
            page = {**params, "limit": self._sidecar_page}
            if before:
                page["before"] = before
            answer = self._sidecar_ask(page)
            if not answer["ok"]:
                break
            items += answer["result"][self._sidecar_member]
            before = answer["result"].get("next")
            if not before or len(items) >= ROWS_AT_MOST:
                break
        incomplete = bool(before) or (bool(items) and not answer["ok"])
        rows = {}
        for item in items:
            row = self._sidecar_row(item)
            rows[self._sidecar_id(row["key"])] = {**row, "is_incomplete": incomplete}
        return {
            "rows": [{**row, "id": row_id} for row_id, row in rows.items()],
            "answer": answer,
        }

    def _sidecar_with_companies(self, found, column):
        """These rows, each with the ``company`` of its program; without those of which none can be told."""
        sidecar = self.env["loyalty.sidecar"]
        try:
            companies = sidecar._program_companies(row[column] for row in found["rows"])
        except SidecarError as error:
            # Without the companies nobody could tell who may see which row.
            return {"rows": [], "answer": sidecar._failure(error)}
        rows = [
            {**row, "company": companies[row[column]] or None}
            for row in found["rows"]
            if row[column] in companies
        ]
        return {**found, "rows": rows}

    def _sidecar_ask(self, params):
        sidecar = self.env["loyalty.sidecar"]
        answer = sidecar._ask(self._sidecar_method, params)
        if not answer["ok"] and answer["error"]["kind"] == "forbidden":
            answer["error"]["message"] = sidecar._words_needs_viewer()
        return answer

    @api.model
    def _sidecar_conditions(self, domain):
        """The conditions that every row of this domain meets: those of an “or” are not among them."""

        def met_by_all(domain):
            if getattr(domain, "OPERATOR", "") == "&":
                return [each for child in domain.children for each in met_by_all(child)]
            return [domain] if hasattr(domain, "field_expr") else []

        return met_by_all(Domain(domain).optimize_full(self))

    @api.model
    def _sidecar_id(self, key):
        """The same id for the same key, in whatever process and order."""
        digest = hashlib.sha256(key.encode()).digest()
        return int.from_bytes(digest[:8], "big") >> (64 - ID_BITS) or 1

    @api.model
    def _sidecar_time(self, name):
        """A column with Odoo's kind of time: UTC without saying so, and without fractions."""
        return SQL("date_trunc('second', %s AT TIME ZONE 'UTC')", SQL.identifier("item", name))
