from odoo.addons.point_of_sale.tests.common import TestPoSCommon
from odoo.tests import common as test_common
from odoo.tests.common import new_test_user

from ..models.service import loyalty_sidecar
from .fake_sidecar import TOKEN, FakeSidecar


class LoyaltySidecarCommon(TestPoSCommon):
    """A shop with an open till, a cashier, a customer and a stand-in for the sidecar."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.config = cls.basic_config
        cls.cashier = new_test_user(
            cls.env,
            "loyalty_cashier",
            groups="base.group_user,point_of_sale.group_pos_user",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )
        cls.manager = new_test_user(
            cls.env,
            "loyalty_manager",
            name="Mara Manager",
            groups="base.group_user,point_of_sale.group_pos_manager",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )
        cls.product = cls.create_product("Lamp", cls.categ_basic, 30.0)
        cls.reward_product = cls.env.ref("loyalty_sidecar.product_loyalty_reward")

    def setUp(self):
        super().setUp()
        self.sidecar = FakeSidecar()
        self.addCleanup(self.sidecar.stop)
        self.set_parameters(self.sidecar.url, TOKEN)
        self.env.cr.postcommit.clear()
        self.addCleanup(self.env.cr.postcommit.clear)
        self.forget_rows()
        loyalty_sidecar._ASIDE_AGAIN.clear()

    @classmethod
    def _request_handler(cls, session, request, /, **kwargs):
        # Odoo's tests lengthen every timeout below 10 s; here timeouts are what is tested.
        if request.url.startswith(("http://127.0.0.1:", "https://127.0.0.1:")):
            return test_common._super_send(session, request, **kwargs)
        return super()._request_handler(session, request, **kwargs)

    def set_parameters(self, url, token, timeout_ms=False):
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("loyalty_sidecar.url", url)
        parameters.set_param("loyalty_sidecar.token", token)
        parameters.set_param("loyalty_sidecar.timeout_ms", timeout_ms)

    def set_manager_token(self, token):
        self.env["ir.config_parameter"].sudo().set_param("loyalty_sidecar.manager_token", token)

    def take_sidecar_down(self):
        self.sidecar.stop()

    def forget_rows(self):
        """What another request would do: lists ask the sidecar once in a transaction, and tests have one alone."""
        self.env.cr.cache.pop("loyalty_sidecar.rows", None)
        self.env.invalidate_all()

    def commit(self):
        """What a commit would do: a test's cursor never commits, so its hooks are run by hand."""
        self.env.cr.flush()
        self.env.cr.postcommit.run()

    def till(self, user=None):
        return self.config.with_user(user or self.cashier)

    def draft(self, partner=None, **values):
        return {
            "uuid": "0b7c1a52-0000-4000-8000-000000000001",
            "partner_id": (partner or self.customer).id,
            "lines": [
                {
                    "uuid": "line-1",
                    "product_id": self.product.id,
                    "qty": 1,
                    "price_subtotal": 30.0,
                    "price_subtotal_incl": 30.0,
                }
            ],
            **values,
        }

    def order_data(self, hold_id=None, state="paid", **values):
        lines = [(self.product, 1)]
        if hold_id:
            lines.append(
                {
                    "product": self.reward_product,
                    "quantity": 1,
                    "price_unit": -5.0,
                    "price_subtotal": -5.0,
                    "price_subtotal_incl": -5.0,
                    "price_type": "manual",
                    "loyalty_hold_id": hold_id,
                }
            )
        total = 25.0 if hold_id else 30.0
        return {
            **self.create_ui_order_data(
                lines,
                customer=self.customer,
                payments=[(self.bank_pm1, total)] if state == "paid" else [],
            ),
            "state": state,
            **values,
        }

    def sync(self, data):
        result = self.env["pos.order"].sync_from_ui([data])
        return self.env["pos.order"].browse(result["pos.order"][0]["id"]), result
