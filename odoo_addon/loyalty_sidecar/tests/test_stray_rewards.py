from odoo.exceptions import UserError
from odoo.tests.common import tagged

from .common import LoyaltySidecarCommon


@tagged("post_install", "-at_install")
class TestStrayRewards(LoyaltySidecarCommon):
    """No order is paid in the back office with a reward that has no points behind it."""

    GRANT = {"program": "club", "name": "5 off", "points": "100"}

    def setUp(self):
        super().setUp()
        self.open_new_session()

    def order(self, **values):
        order, _result = self.sync(
            self.order_data("hold-1", state="draft", loyalty_sidecar_data=self.data(), **values)
        )
        return order

    def data(self, **grant):
        return {"holds": {"hold-1": {**self.GRANT, "partner": self.customer.id, **grant}}}

    def pay(self, order):
        wizard = (
            self.env["pos.make.payment"]
            .with_context(active_id=order.id)
            .create({"payment_method_id": self.bank_pm1.id, "amount": order.amount_total})
        )
        wizard.with_context(active_id=order.id).check()

    def assert_refused(self, order):
        with self.assertRaisesRegex(UserError, "redeem again"):
            self.pay(order)
        self.assertEqual((order.state, len(order.payment_ids)), ("draft", 0))

    def test_a_reward_with_its_points_is_paid(self):
        order = self.order()
        self.pay(order)
        self.assertEqual(order.state, "paid")

    def test_a_reward_of_before_the_customer_was_kept_is_paid(self):
        order = self.order()
        order.loyalty_sidecar_data = self.data(partner=None)
        self.pay(order)
        self.assertEqual(order.state, "paid")

    def test_a_hold_that_is_no_hold_of_the_order(self):
        order = self.order()
        order.loyalty_sidecar_data = {}
        self.assert_refused(order)

    def test_a_hold_of_another_customer_or_of_nobodys_order(self):
        order = self.order()
        order.partner_id = self.other_customer
        self.assert_refused(order)
        order.partner_id = False
        self.assert_refused(order)
        order.partner_id = self.customer
        self.pay(order)

    def test_a_copy_of_a_reward(self):
        order = self.order()
        copy = order.copy()
        self.assertFalse(any(copy.lines.mapped("loyalty_hold_id")))
        self.assert_refused(copy)

    def test_what_a_refund_takes_back_is_no_stray(self):
        order = self.order()
        self.pay(order)
        refund = self.env["pos.order"].browse(order.refund()["res_id"])
        self.assertFalse(refund._loyalty_sidecar_stray_rewards())
