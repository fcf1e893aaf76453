from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged

from .common import LoyaltySidecarCommon
from .fake_sidecar import MANAGER_TOKEN, TOKEN, Refuse


@tagged("post_install", "-at_install")
class TestCorrection(LoyaltySidecarCommon):
    """A manager corrects points, with the second token and in their own name."""

    def setUp(self):
        super().setUp()
        self.set_manager_token(MANAGER_TOKEN)
        self.sidecar.answers["ledger.adjust"] = {"entry_id": "e1", "balance": "170.00"}

    def adjust(self, points="50", reason="Lost receipt", user=None, program="club"):
        customer = self.customer.with_user(user or self.manager)
        return customer.loyalty_sidecar_adjust("key-1", program, points, reason)

    def test_a_manager_corrects_in_their_own_name(self):
        answer = self.adjust(" -20.50 ".strip(), "  Lost \n receipt ")
        self.assertEqual(answer, {"ok": True, "result": {"entry_id": "e1", "balance": "170.00"}})
        self.assertEqual(
            self.sidecar.params_of("ledger.adjust"),
            [
                {
                    "idempotency_key": "key-1",
                    "partner_id": self.customer.id,
                    "program": "club",
                    "points": "-20.50",
                    "reason": "Lost receipt",
                    "on_behalf_of": "Mara Manager",
                }
            ],
        )
        self.assertEqual(self.sidecar.authorizations, [f"Bearer {MANAGER_TOKEN}"])

    def test_a_name_that_is_no_plain_line(self):
        self.manager.name = "Mara\n\tManager " + "x" * 300
        self.adjust()
        [params] = self.sidecar.params_of("ledger.adjust")
        self.assertTrue(params["on_behalf_of"].startswith("Mara Manager xxx"))
        self.assertEqual(len(params["on_behalf_of"]), 200)

    def test_what_is_no_correction(self):
        for points in ("0", "many", "NaN", "Infinity", ""):
            with self.assertRaises(UserError):
                self.adjust(points)
        with self.assertRaises(UserError):
            self.adjust(reason="  ")
        self.assertEqual(self.sidecar.calls, [])

    def test_a_cashier_corrects_nothing(self):
        with self.assertRaises(AccessError):
            self.adjust(user=self.cashier)
        with self.assertRaises(AccessError):
            self.env["loyalty.sidecar"].with_user(self.cashier)._manager_client()
        self.assertEqual(self.sidecar.calls, [])
        self.assertFalse(self.customer.with_user(self.cashier).loyalty_sidecar_points()["can_adjust"])
        self.assertTrue(self.customer.with_user(self.manager).loyalty_sidecar_points()["can_adjust"])

    def test_a_customer_of_another_company_is_not_corrected(self):
        other = self.env["res.company"].create({"name": "Another Company"})
        stranger = self.env["res.partner"].create({"name": "Stranger", "company_id": other.id})
        with self.assertRaises(AccessError):
            stranger.with_user(self.manager).loyalty_sidecar_adjust("k", "club", "5", "Sorry")
        self.assertEqual(self.sidecar.calls, [])

    def test_without_a_second_token_it_says_so(self):
        self.set_manager_token("")
        answer = self.adjust()
        self.assertFalse(answer["ok"])
        self.assertIn("no token for managers", answer["error"]["message"])
        self.assertEqual(self.sidecar.calls, [])

    def test_refusals_and_failures_are_told(self):
        self.sidecar.tokens[MANAGER_TOKEN] = "viewer"
        self.assertIn("may not do this", self.adjust()["error"]["message"])
        self.sidecar.tokens[MANAGER_TOKEN] = "manager"

        def refuse(params):
            raise Refuse(1001, "insufficient_points", available="5", required="20")

        self.sidecar.answers["ledger.adjust"] = refuse
        self.assertIn("20 needed, 5 available", self.adjust("-20")["error"]["message"])
        self.take_sidecar_down()
        self.assertEqual(self.adjust()["error"]["kind"], "unreachable")

    def test_programs_to_choose_from(self):
        self.sidecar.answers["program.list"] = {
            "programs": [
                {"code": "club", "name": "Club", "version": 1, "archived_at": None},
                {"code": "coffee", "name": "Coffee", "version": 1, "archived_at": None},
                {"code": "old", "name": "Old", "version": 1, "archived_at": "2026-01-01T00:00:00Z"},
            ]
        }
        answer = self.customer.with_user(self.manager).loyalty_sidecar_programs()
        self.assertEqual(
            [(each["program"], each["balance"]) for each in answer["programs"]],
            [("club", "120.00"), ("coffee", "0")],
        )
        # A token of role pos may not list programs: those with points remain.
        self.sidecar.tokens[TOKEN] = "pos"
        answer = self.customer.with_user(self.manager).loyalty_sidecar_programs()
        self.assertEqual([each["program"] for each in answer["programs"]], ["club"])
