from odoo.exceptions import AccessError
from odoo.tests.common import new_test_user, tagged

from .common import LoyaltySidecarCommon
from .fake_sidecar import TOKEN


@tagged("post_install", "-at_install")
class TestAccess(LoyaltySidecarCommon):
    def test_only_administrators_read_the_token(self):
        parameter = self.env["ir.config_parameter"].search([("key", "=", "loyalty_sidecar.token")])
        self.assertEqual(parameter.value, TOKEN)
        for user in (self.cashier, self.manager):
            with self.subTest(user.login):
                with self.assertRaises(AccessError):
                    parameter.with_user(user).read(["value"])
                with self.assertRaises(AccessError):
                    self.env["ir.config_parameter"].with_user(user).get_param(
                        "loyalty_sidecar.token"
                    )
                with self.assertRaises(AccessError):
                    self.env["res.config.settings"].with_user(user).create({}).mapped("loyalty_sidecar_token")

    def test_the_till_is_not_given_the_token(self):
        self.open_new_session()
        data = self.pos_session.with_user(self.cashier).load_data([])
        self.assertNotIn(TOKEN, str(data))
        self.assertNotIn(self.sidecar.url, str(data))

    def test_helpers_cannot_be_called_from_outside(self):
        # RPC refuses names that begin with an underscore, and this model has no other.
        methods = [
            name
            for part in type(self.env["loyalty.sidecar"]).mro()
            if part.__module__.startswith("odoo.addons.loyalty_sidecar.")
            for name, value in vars(part).items()
            if callable(value)
        ]
        self.assertLessEqual({"_client", "_ask", "_tell_after_commit", "_words_of_refusal"}, set(methods))
        self.assertEqual([name for name in methods if not name.startswith("_")], [])

    def test_an_employee_who_does_not_sell_asks_in_vain(self):
        employee = new_test_user(
            self.env, "loyalty_employee", groups="base.group_user,base.group_partner_manager"
        )
        for call in (
            lambda: self.till(employee).loyalty_sidecar_refresh(self.draft()),
            lambda: self.till(employee).loyalty_sidecar_hold(
                self.draft(), {"idempotency_key": "k", "program": "club", "reward": "5off"}
            ),
            lambda: self.till(employee).loyalty_sidecar_release(["hold-1"], "line removed"),
            lambda: self.customer.with_user(employee).loyalty_sidecar_points(),
            lambda: self.customer.with_user(employee).loyalty_sidecar_history(),
            lambda: self.customer.with_user(employee).loyalty_sidecar_explain("entry"),
            lambda: self.till(employee).loyalty_sidecar_refunded(self.draft()),
        ):
            with self.assertRaises(AccessError):
                call()
        self.assertEqual(self.sidecar.calls, [])

    def test_a_cashier_does_not_reach_another_company(self):
        other_company = self.env["res.company"].create({"name": "Another Company"})
        stranger = self.env["res.partner"].create(
            {"name": "Stranger", "company_id": other_company.id}
        )
        for call in (
            lambda: self.till().loyalty_sidecar_refresh(self.draft(stranger)),
            lambda: self.till().loyalty_sidecar_hold(
                self.draft(stranger), {"idempotency_key": "k", "program": "club", "reward": "5off"}
            ),
            lambda: stranger.with_user(self.cashier).loyalty_sidecar_points(),
            lambda: stranger.with_user(self.cashier).loyalty_sidecar_history(),
            lambda: stranger.with_user(self.cashier).loyalty_sidecar_explain("entry"),
            lambda: self.till().loyalty_sidecar_refunded(self.draft(stranger)),
        ):
            with self.assertRaises(AccessError):
                call()
        self.assertEqual(self.sidecar.calls, [])

    def test_a_user_of_two_companies_keeps_them_apart_at_the_till(self):
        other_company = self.env["res.company"].create({"name": "Another Company"})
        stranger = self.env["res.partner"].create(
            {"name": "Stranger", "company_id": other_company.id}
        )
        self.cashier.company_ids |= other_company
        till = self.till().with_context(allowed_company_ids=(self.company | other_company).ids)
        self.assertTrue(
            stranger.with_user(self.cashier)
            .with_context(allowed_company_ids=(self.company | other_company).ids)
            .name
        )
        with self.assertRaises(AccessError):
            till.loyalty_sidecar_refresh(self.draft(stranger))

    def test_a_cashier_does_not_use_the_till_of_another_company(self):
        other_company = self.env["res.company"].create({"name": "Another Company"})
        foreigner = new_test_user(
            self.env,
            "loyalty_foreigner",
            groups="base.group_user,point_of_sale.group_pos_user",
            company_id=other_company.id,
            company_ids=[(6, 0, other_company.ids)],
        )
        with self.assertRaises(AccessError):
            self.till(foreigner).loyalty_sidecar_refresh(self.draft())
        self.assertEqual(self.sidecar.calls, [])

    def test_a_customer_that_is_gone(self):
        gone = self.env["res.partner"].create({"name": "Gone"})
        draft = self.draft(gone)
        gone.unlink()
        with self.assertRaises(AccessError):
            self.till().loyalty_sidecar_refresh(draft)
