import time

from odoo.tests.common import Form, tagged

from .common import LoyaltySidecarCommon


@tagged("post_install", "-at_install")
class TestCustomerForm(LoyaltySidecarCommon):
    def customer_as_cashier(self):
        return self.customer.with_user(self.cashier)

    def test_points_per_program(self):
        self.sidecar.answers["loyalty.balance"] = [
            {
                "partner_id": self.customer.id,
                "programs": [
                    self.sidecar.balance(balance="120.00"),
                    self.sidecar.balance(program="tea", balance="3.50"),
                ],
            }
        ]
        answer = self.customer_as_cashier().loyalty_sidecar_points()
        self.assertEqual(
            [(each["program"], each["balance"]) for each in answer["programs"]],
            [("club", "120.00"), ("tea", "3.50")],
        )

    def test_when_down_it_says_so_at_once(self):
        self.take_sidecar_down()
        began = time.monotonic()
        answer = self.customer_as_cashier().loyalty_sidecar_points()
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual((answer["ok"], answer["error"]["kind"]), (False, "unreachable"))
        self.assertEqual(
            self.customer_as_cashier().loyalty_sidecar_history()["error"]["kind"], "unreachable"
        )

    def test_opening_the_form_does_not_ask(self):
        # The widget asks once the form is on the screen; the form's own data never waits for it.
        Form(self.customer, view="base.view_partner_form")
        self.assertEqual(self.sidecar.calls, [])
        arch = self.env["res.partner"].with_user(self.cashier).get_view(view_type="form")["arch"]
        self.assertIn('name="loyalty_sidecar_points"', arch)
        self.assertIn('name="action_loyalty_sidecar_history"', arch)

    def test_points_are_no_field_anyone_could_write(self):
        ours = [field for name, field in self.env["res.partner"]._fields.items() if "loyalty_sidecar" in name]
        self.assertEqual([field.name for field in ours], ["loyalty_sidecar_balance"])
        self.assertEqual([(field.store, field.readonly) for field in ours], [(False, True)])

    def test_history_names_the_documents(self):
        self.open_new_session()
        order, _result = self.sync(self.order_data())
        entries = [
            self.entry(
                "earn",
                "30",
                {"model": "pos.order", "id": order.id, "uuid": order.uuid, "name": order.name},
            ),
            self.entry(
                "earn",
                "30",
                {"model": "pos.order", "id": order.id, "uuid": None, "name": order.name},
            ),
            self.entry(
                "redeem",
                "-5",
                {"model": "pos.order", "id": 999999999, "uuid": "gone", "name": "Gone 1"},
            ),
            self.entry(
                "adjust",
                "10",
                {"model": "loyalty.adjustment", "id": None, "uuid": None, "name": "Sorry"},
                reason="Sorry",
            ),
            self.entry("later_kind", "1", None),
        ]
        self.sidecar.answers["loyalty.history"] = {"entries": entries, "next": "page-2"}
        answer = self.customer_as_cashier().loyalty_sidecar_history(before="page-1")
        self.assertEqual(
            self.sidecar.params_of("loyalty.history"),
            [{"partner_id": self.customer.id, "limit": 50, "before": "page-1"}],
        )
        self.assertEqual(answer["next"], "page-2")
        documents = [each["document"] for each in answer["entries"]]
        self.assertEqual(documents[0], {"name": order.name, "model": "pos.order", "id": order.id})
        self.assertEqual(documents[1]["id"], order.id)
        self.assertEqual(documents[2], {"name": "Gone 1", "model": False, "id": False})
        # The reason of a correction is its document's name: it is shown once.
        self.assertEqual(documents[3]["name"], "")
        self.assertEqual(
            [each["kind_label"] for each in answer["entries"]],
            ["Earned", "Earned", "Redeemed", "Corrected", "later_kind"],
        )

    def test_history_says_who_it_was_and_names_programs_and_rewards(self):
        self.open_new_session()
        order, _result = self.sync(self.order_data())
        cause = {"model": "pos.order", "id": order.id, "uuid": order.uuid, "name": order.name}
        entries = [
            {**self.entry("earn", "30", cause), "program": "club", "program_name": "Club", "points_name": "stars"},
            {**self.entry("adjust", "5", None, "Sorry"), "on_behalf_of": "Mara Manager", "program": "club"},
            {**self.entry("expire", "-5", None), "actor": "expiry", "program": "gone"},
            {
                **self.entry("redeem", "-5", None),
                "actor": "till 1 (lsk_ab12cd34ef56)",
                "reward": {"code": "5off", "name": "5 off"},
                "reason": "5off",
            },
        ]
        self.sidecar.answers["loyalty.history"] = {"entries": entries, "next": None}
        answer = self.customer_as_cashier().loyalty_sidecar_history()
        self.assertEqual(
            [each["who"] for each in answer["entries"]],
            [order.user_id.name, "Mara Manager", "Loyalty service", "till 1"],
        )
        # A sidecar that does not name the program is helped by the balance; a program of the past has its code alone.
        self.assertEqual(
            [each["program_name"] for each in answer["entries"]], ["Club", "Club", "gone", ""]
        )
        self.assertEqual(answer["entries"][3]["reward_name"], "5 off")
        self.assertEqual([each["reason"] for each in answer["entries"]], [None, "Sorry", None, None])
        self.assertEqual(
            answer["programs"],
            [{"program": "club", "name": "Club", "points_name": "points", "balance": "120.00"}],
        )

    def test_history_of_a_redacted_entry(self):
        entry = self.entry("adjust", "5", {"model": "loyalty.adjustment", "id": None, "uuid": None, "name": ""})
        entry |= {"actor": "", "on_behalf_of": None, "redacted": True, "program": "club"}
        self.customer._loyalty_sidecar_name(entry, None, {})
        self.assertEqual((entry["reason"], entry["who"], entry["document"]["name"]), ("Redacted", "", ""))

    def test_history_action(self):
        action = self.customer_as_cashier().action_loyalty_sidecar_history()
        self.assertEqual(
            (action["tag"], action["context"]["active_id"]),
            ("loyalty_sidecar.history", self.customer.id),
        )

    @staticmethod
    def entry(kind, points, cause, reason=None):
        return {
            "entry_id": "e",
            "kind": kind,
            "points": points,
            "balance_after": points,
            "occurred_at": "2026-11-22T20:00:00Z",
            "recorded_at": "2026-11-22T20:00:00Z",
            "cause": cause,
            "reason": reason,
            "actor": "sync",
        }
