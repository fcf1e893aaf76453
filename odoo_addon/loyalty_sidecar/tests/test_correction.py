from odoo.exceptions import AccessError, UserError
from odoo.tests.common import new_test_user, tagged

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
        self.assertEqual(set(self.sidecar.authorizations), {f"Bearer {MANAGER_TOKEN}"})

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

    def test_a_program_of_another_company_is_neither_offered_nor_corrected(self):
        other = self.env["res.company"].create({"name": "Another Company"})
        # The customer is everybody's, as most are.
        self.assertFalse(self.customer.company_id)
        self.sidecar.companies = {"theirs": other.id, "club": self.company.id}
        self.sidecar.answers["program.list"] = {
            "programs": [
                {"code": code, "name": code, "version": 1, "archived_at": None}
                for code in ("club", "theirs", "everybody")
            ]
        }
        with self.assertRaisesRegex(AccessError, "another company's"):
            self.adjust(program="theirs")
        # Naming the other company in the context gives no right to it.
        customer = self.customer.with_user(self.manager)
        with self.assertRaises(AccessError):
            customer.with_context(
                allowed_company_ids=(self.company | other).ids
            ).loyalty_sidecar_adjust("k", "theirs", "5", "Sorry")
        self.assertEqual(self.sidecar.params_of("ledger.adjust"), [])
        self.sidecar.authorizations.clear()
        offered = customer.loyalty_sidecar_programs()["programs"]
        self.assertEqual([each["program"] for each in offered], ["club", "everybody"])
        # One batch for points and programs, one for all their companies.
        self.assertEqual(len(self.sidecar.authorizations), 2)
        self.assertTrue(self.adjust(program="club")["ok"])
        self.assertTrue(self.adjust(program="everybody")["ok"])
        # Whoever may work in both does so in the companies chosen at the top of the screen.
        self.manager.company_ids |= other
        customer = customer.with_context(allowed_company_ids=self.company.ids)
        with self.assertRaises(AccessError):
            customer.loyalty_sidecar_adjust("k", "theirs", "5", "Sorry")
        customer = customer.with_context(allowed_company_ids=(self.company | other).ids)
        self.assertTrue(customer.loyalty_sidecar_adjust("k", "theirs", "5", "Sorry")["ok"])

    def test_points_in_a_program_of_another_company_are_not_offered(self):
        other = self.env["res.company"].create({"name": "Another Company"})
        self.sidecar.companies = {"club": other.id}
        answer = self.customer.with_user(self.manager).loyalty_sidecar_programs()
        self.assertEqual(answer, {"ok": True, "programs": []})

    def test_a_manager_of_a_branch_corrects_in_the_program_of_its_company(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        manager = new_test_user(
            self.env,
            "loyalty_branch_manager",
            groups="base.group_user,point_of_sale.group_pos_manager",
            company_id=branch.id,
            company_ids=[(6, 0, branch.ids)],
        )
        self.sidecar.companies = {"club": self.company.id, "of the branch": branch.id}
        self.assertTrue(self.adjust(user=manager)["ok"])
        self.assertTrue(self.adjust(user=manager, program="of the branch")["ok"])
        # Not the other way round.
        with self.assertRaises(AccessError):
            self.adjust(program="of the branch")

    def test_a_program_whose_company_cannot_be_told_is_not_corrected(self):
        for document in ({"company_id": "1"}, {"company_id": 0}, "no document", None):
            self.sidecar.answers["program.get"] = {"code": "club", "version": 1, "program": document}
            with self.subTest(document), self.assertRaises(AccessError):
                self.adjust()
            answer = self.customer.with_user(self.manager).loyalty_sidecar_programs()
            self.assertEqual(answer["programs"], [])

        def refuse(params):
            raise Refuse(1101, "unknown_program")

        self.sidecar.answers["program.get"] = refuse
        self.assertIn("no longer exists", self.adjust()["error"]["message"])
        self.assertEqual(self.sidecar.params_of("ledger.adjust"), [])

    def test_a_key_that_was_used_with_other_values(self):
        def refuse(params):
            raise Refuse(1008, "idempotency_conflict", "The key was used before with other parameters.")

        self.sidecar.answers["ledger.adjust"] = refuse
        self.assertIn("already asked for with other values", self.adjust()["error"]["message"])
        self.env["res.lang"]._activate_lang("fr_FR")
        words = self.env["loyalty.sidecar"].with_context(lang="fr_FR")._words_of_refusal("idempotency_conflict", {})
        self.assertIn("valeurs", words)
