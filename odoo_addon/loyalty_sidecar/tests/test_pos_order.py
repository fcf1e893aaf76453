import threading
import time
from unittest.mock import patch

from odoo.tests.common import tagged
from odoo.tools import mute_logger

from ..tools.delivery import THREAD_NAME
from .common import LoyaltySidecarCommon
from .fake_sidecar import Refuse, wait_until


@tagged("post_install", "-at_install")
class TestPosOrder(LoyaltySidecarCommon):
    def setUp(self):
        super().setUp()
        self.open_new_session()

    def test_the_hold_goes_to_the_server_and_back(self):
        order, result = self.sync(
            self.order_data("hold-1", loyalty_sidecar_data={"receipt": [{"program": "club"}]})
        )
        self.assertEqual(order.state, "paid")
        self.assertEqual(order.amount_total, 25.0)
        line = order.lines.filtered("loyalty_hold_id")
        self.assertEqual(
            (line.loyalty_hold_id, line.price_subtotal_incl, line.product_id),
            ("hold-1", -5.0, self.reward_product),
        )
        self.assertIn("hold-1", [each["loyalty_hold_id"] for each in result["pos.order.line"]])
        self.assertEqual(
            result["pos.order"][0]["loyalty_sidecar_data"], {"receipt": [{"program": "club"}]}
        )

    def test_a_refund_or_a_copy_redeems_nothing(self):
        order, _result = self.sync(self.order_data("hold-1"))
        refund = self.env["pos.order"].browse(order.refund()["res_id"])
        self.assertEqual(refund.lines.mapped("loyalty_hold_id"), [False, False])
        self.assertFalse(refund.loyalty_sidecar_data)

    def test_a_refund_line_of_a_reward_is_a_line_like_any_other(self):
        order, _result = self.sync(self.order_data("hold-1"))
        self.commit()
        self.assertTrue(self.sidecar.wait_for("sync.notify"))
        refund = self.env["pos.order"].browse(order.refund()["res_id"])
        self.assertEqual(refund.lines.refunded_orderline_id, order.lines)
        # The goods stay with the customer after all: part of the order is refunded.
        refund.lines.filtered(lambda line: line.product_id == self.product).unlink()
        self.assertEqual((refund.lines.qty, refund.lines.price_unit), (-1, -5))
        refund.lines.unlink()
        self.commit()
        self.assertEqual(self.sidecar.params_of("loyalty.release"), [])

    def test_a_reward_of_several_lines_is_captured_once(self):
        data = self.order_data("hold-1")
        second = {**data["lines"][1][2], "uuid": "second-line"}
        data["lines"].append(
            (0, 0, {**second, "price_unit": 0, "price_subtotal": 0, "price_subtotal_incl": 0})
        )
        order, _result = self.sync(data)
        self.assertEqual(len(order.lines.filtered("loyalty_hold_id")), 2)
        self.commit()
        self.assertTrue(self.sidecar.wait_for("sync.notify"))
        self.assertEqual(len(self.sidecar.params_of("loyalty.capture")), 1)

    def test_a_reward_split_anew_keeps_its_hold(self):
        order, _result = self.sync(self.order_data("hold-1", state="draft"))
        line = order.lines.filtered("loyalty_hold_id")
        values = line.copy_data({"loyalty_hold_id": "hold-1", "order_id": order.id})[0]
        order.write({"lines": [(2, line.id), (0, 0, values)]})
        self.commit()
        self.assertEqual(order.lines.mapped("loyalty_hold_id"), [False, "hold-1"])
        order.lines.filtered("loyalty_hold_id").unlink()
        self.commit()
        # The second time nothing carries it: one release, and it is of the second.
        self.assertEqual(
            self.sidecar.wait_for("loyalty.release"),
            {"hold_id": "hold-1", "reason": "line removed"},
        )
        self.assertEqual(len(self.sidecar.params_of("loyalty.release")), 1)

    def test_capture_and_notify_after_the_commit_and_not_before(self):
        order, _result = self.sync(self.order_data("hold-1"))
        self.assertEqual(self.sidecar.calls, [])
        self.commit()
        self.assertEqual(self.sidecar.wait_for("sync.notify"), {"order_ids": order.ids})
        self.assertEqual(
            self.sidecar.params_of("loyalty.capture"),
            [
                {
                    "hold_id": "hold-1",
                    "order": {"uuid": order.uuid, "id": order.id, "name": order.name},
                },
            ],
        )
        self.assertNotEqual(order.name, "/")
        self.assertEqual(len(self.sidecar.authorizations), 1, "one request for all")

    def test_orders_of_one_transaction_are_told_together(self):
        first, _result = self.sync(self.order_data("hold-1"))
        second, _result = self.sync(self.order_data())
        self.commit()
        self.assertEqual(self.sidecar.wait_for("sync.notify"), {"order_ids": (first | second).ids})
        self.assertEqual(len(self.sidecar.authorizations), 1)

    def test_nothing_is_told_of_a_sale_that_was_rolled_back(self):
        self.sync(self.order_data("hold-1"))
        self.env.cr.postcommit.clear()  # what a rollback does
        self.commit()
        self.assertEqual(self.sidecar.calls, [])

    def test_a_draft_is_not_told(self):
        order, _result = self.sync(self.order_data("hold-1", state="draft"))
        self.commit()
        self.assertEqual((order.state, self.sidecar.calls), ("draft", []))

    def test_payment_never_fails_when_the_sidecar_is_down(self):
        self.take_sidecar_down()
        order, _result = self.sync(self.order_data("hold-1"))
        self.commit()
        self.assertEqual(order.state, "paid")
        self.assertTrue(wait_until(self.no_delivery))

    def test_payment_never_waits_for_a_slow_sidecar(self):
        self.sidecar.mode = "slow"
        began = time.monotonic()
        order, _result = self.sync(self.order_data("hold-1"))
        before_commit = time.monotonic()
        self.commit()
        self.assertLess(time.monotonic() - before_commit, 0.5)
        self.assertLess(before_commit - began, 10)
        self.assertEqual(order.state, "paid")
        self.sidecar.mode = "well"
        self.sidecar._resume.set()
        self.assertTrue(self.sidecar.wait_for("sync.notify"))

    def test_payment_never_fails_on_nonsense(self):
        for mode in ("html", "unauthorized", "redirect"):
            self.sidecar.mode = mode
            order, _result = self.sync(self.order_data("hold-1"))
            self.commit()
            self.assertEqual(order.state, "paid")
        self.assertTrue(wait_until(self.no_delivery))

    def test_payment_never_fails_when_nothing_is_set(self):
        self.set_parameters(False, False)
        order, _result = self.sync(self.order_data("hold-1"))
        self.commit()
        self.assertEqual((order.state, self.sidecar.calls), ("paid", []))

    def test_payment_never_fails_on_our_own_mistake(self):
        with (
            patch.object(
                type(self.env["loyalty.sidecar"]),
                "_tell_after_commit",
                side_effect=ZeroDivisionError,
            ),
            mute_logger("odoo.addons.loyalty_sidecar.models.pos_order"),
        ):
            order, _result = self.sync(self.order_data("hold-1"))
        self.assertEqual(order.state, "paid")

    def test_a_refused_capture_is_logged_and_no_more(self):
        def refuse(params):
            raise Refuse(1004, "hold_expired", exception_id="x")

        self.sidecar.answers["loyalty.capture"] = refuse
        with self.assertLogs("odoo.addons.loyalty_sidecar.tools.delivery", "WARNING") as logs:
            self.sync(self.order_data("hold-1"))
            self.commit()
            self.assertTrue(self.sidecar.wait_for("sync.notify"))
            self.assertTrue(wait_until(self.no_delivery))
        self.assertIn("hold_expired", logs.output[0])
        self.assertNotIn("secret", str(logs.output))

    def test_cancelling_releases(self):
        order, _result = self.sync(self.order_data("hold-1", state="draft"))
        order.action_pos_order_cancel()
        self.assertEqual(self.sidecar.calls, [])
        self.commit()
        self.assertEqual(
            self.sidecar.wait_for("loyalty.release"),
            {"hold_id": "hold-1", "reason": "order cancelled"},
        )

    def test_removing_from_the_till_releases(self):
        order, _result = self.sync(self.order_data("hold-1", state="draft"))
        self.env["pos.order"].remove_from_ui(order.ids)
        self.commit()
        self.assertEqual(
            self.sidecar.wait_for("loyalty.release"),
            {"hold_id": "hold-1", "reason": "order cancelled"},
        )

    def test_deleting_releases(self):
        order, _result = self.sync(self.order_data("hold-1", state="draft"))
        order.unlink()
        self.commit()
        self.assertEqual(
            self.sidecar.wait_for("loyalty.release"),
            {"hold_id": "hold-1", "reason": "order deleted"},
        )

    def test_a_line_gone_from_a_saved_order_releases(self):
        data = self.order_data("hold-1", state="draft")
        order, _result = self.sync(data)
        order.lines.filtered("loyalty_hold_id").unlink()
        self.commit()
        self.assertEqual(
            self.sidecar.wait_for("loyalty.release"),
            {"hold_id": "hold-1", "reason": "line removed"},
        )

    def test_a_paid_order_releases_nothing(self):
        order, _result = self.sync(self.order_data("hold-1"))
        order.write({"state": "done"})
        self.commit()
        self.assertTrue(self.sidecar.wait_for("sync.notify"))
        self.assertEqual(self.sidecar.params_of("loyalty.release"), [])

    def test_no_line_fails_a_sale(self):
        # A till that was offline, or tampered with, still gets its sale booked: what a reward line
        # discounts without points is for the sidecar to report to the manager.
        data = self.order_data("hold-1")
        data["lines"][1][2]["loyalty_hold_id"] = False
        order, _result = self.sync(data)
        self.assertEqual((order.state, order.amount_total), ("paid", 25.0))

    @staticmethod
    def no_delivery():
        return not any(thread.name == THREAD_NAME for thread in threading.enumerate())
