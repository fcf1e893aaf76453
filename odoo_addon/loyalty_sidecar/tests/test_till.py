from odoo.tests.common import tagged

from .common import LoyaltySidecarCommon
from .fake_sidecar import Refuse


@tagged("post_install", "-at_install")
class TestTill(LoyaltySidecarCommon):
    CHOICE = {
        "idempotency_key": "0b7c1a52-1111-4000-8000-000000000001",
        "program": "club",
        "reward": "5off",
    }

    def test_points_and_quote_side_by_side(self):
        answer = self.till().loyalty_sidecar_refresh(self.draft())
        self.assertTrue(answer["ok"])
        (program,) = answer["programs"]
        self.assertEqual(
            (program["available"], program["earns"], program["balance_after"]),
            ("120.00", "30", "150.00"),
        )
        applicable, unaffordable = program["rewards"]
        self.assertNotIn("message", applicable)
        self.assertEqual(unaffordable["message"], "Not enough points: 300 needed, 120 available.")
        self.assertEqual({applicable["program"], unaffordable["program"]}, {"club"})

    def test_both_go_in_one_request(self):
        self.till().loyalty_sidecar_refresh(self.draft())
        self.assertEqual(
            [method for method, _params in self.sidecar.calls], ["loyalty.balance", "loyalty.quote"]
        )
        self.assertEqual(len(self.sidecar.authorizations), 1)

    def test_an_empty_order_shows_the_points(self):
        answer = self.till().loyalty_sidecar_refresh(self.draft(lines=[]))
        self.assertEqual(answer["programs"][0]["available"], "120.00")

    def test_programs_of_other_companies_are_not_shown(self):
        # The customer may have points there too; the quote knows which programs are of this till.
        self.sidecar.answers["loyalty.balance"] = [
            {
                "partner_id": self.customer.id,
                "programs": [self.sidecar.balance(), self.sidecar.balance(program="other-company")],
            }
        ]
        answer = self.till().loyalty_sidecar_refresh(self.draft())
        self.assertEqual([program["program"] for program in answer["programs"]], ["club"])

    def strange_program(self, **values):
        return {
            "program": "vip",
            "earns": "0",
            "balance_after": "0.00",
            "rewards": [
                {
                    "reward": "vip",
                    "name": "For members",
                    "kind": "discount_percent",
                    "points": "10",
                    "discount": "0.00",
                    "applicable": False,
                    "reason": "not_enrolled",
                    "message": "The customer is not enrolled in this program.",
                }
            ],
            **values,
        }

    def shown_programs(self, program, **balance):
        self.sidecar.answers["loyalty.quote"] = {"programs": [program]}
        self.sidecar.answers["loyalty.balance"] = [
            {
                "partner_id": self.customer.id,
                "programs": [self.sidecar.balance(program="vip", **{"balance": "0.00", **balance})],
            }
        ]
        return [
            (each["program"], [reward.get("message") for reward in each["rewards"]])
            for each in self.till().loyalty_sidecar_refresh(self.draft())["programs"]
        ]

    def test_a_program_the_customer_has_not_joined_is_not_shown(self):
        self.assertEqual(self.shown_programs(self.strange_program()), [])

    def test_but_it_is_when_there_is_anything_in_it(self):
        message = "The customer has not joined this program."
        shown = [("vip", [message])]
        self.assertEqual(self.shown_programs(self.strange_program(), balance="1.00"), shown)
        self.assertEqual(self.shown_programs(self.strange_program(earns="3")), shown)
        # A program without rewards says nothing of joining: a newcomer's has nothing in it either.
        self.assertEqual(self.shown_programs(self.strange_program(rewards=[])), [("vip", [])])

    def test_why_a_reward_cannot_be_had(self):
        for reason, words in [
            ("limit_reached", "The customer has had this reward as often as it is given."),
            (
                "too_many_holds",
                "The customer has too many rewards on orders that are not paid. Take one off first.",
            ),
            ("outside_window", "This reward is not given at this time."),
            ("program_unreadable", "The rules of this program cannot be read. Ask an administrator."),
            ("nothing_in_scope", "Nothing on the order is what this reward is for."),
            (
                "already_cheaper",
                "The product costs no more on this order than with the reward.",
            ),
            ("product_unavailable", "The product of this reward is not available."),
        ]:
            reward = {**self.strange_program()["rewards"][0], "reason": reason}
            program = self.strange_program(rewards=[reward])
            self.assertEqual(self.shown_programs(program), [("vip", [words])])

    def test_a_reward_that_is_a_product_has_its_name(self):
        reward = {
            **self.strange_program()["rewards"][0],
            "applicable": True,
            "reason": None,
            "kind": "free_product",
            "product_id": self.product.id,
            "add_quantity": "1",
            "price": "0.00",
        }
        gone = {**reward, "reward": "gone", "product_id": 999999999}
        self.shown_programs(self.strange_program(rewards=[reward, gone]))
        rewards = self.till().loyalty_sidecar_refresh(self.draft())["programs"][0]["rewards"]
        self.assertEqual([each["product_name"] for each in rewards], ["Lamp", ""])

    def test_what_a_refund_did_to_the_points(self):
        draft = self.draft()
        cause = {"model": "pos.order", "id": 1, "uuid": draft["uuid"], "name": "Refund"}
        other = {**cause, "uuid": "another"}
        self.sidecar.answers["loyalty.history"] = {
            "entries": [
                {
                    "entry_id": "1",
                    "kind": "restore",
                    "program": "club",
                    "points": "100.00",
                    "cause": cause,
                },
                {
                    "entry_id": "2",
                    "kind": "clawback",
                    "program": "club",
                    "points": "-20.50",
                    "cause": cause,
                },
                {
                    "entry_id": "3",
                    "kind": "earn",
                    "program": "club",
                    "points": "7.00",
                    "cause": other,
                },
            ],
            "next": None,
        }
        answer = self.till().loyalty_sidecar_refunded(draft)
        self.assertEqual(
            answer,
            {
                "ok": True,
                "programs": [
                    {
                        "program": "club",
                        "name": "Club",
                        "points_name": "points",
                        "earned": "-20.50",
                        "redeemed": "-100.00",
                        "total": "120.00",
                    }
                ],
            },
        )
        # Before the sidecar has read it there is nothing to say.
        self.sidecar.answers["loyalty.history"] = {"entries": [], "next": None}
        self.assertEqual(self.till().loyalty_sidecar_refunded(draft), {"ok": True, "programs": []})

    def test_the_draft_is_exact_and_the_servers_own(self):
        self.till().loyalty_sidecar_refresh(
            self.draft(
                company_id=999,
                currency="XXX",
                pos_config_id=999,
                surplus="dropped",
                lines=[
                    {
                        "uuid": "a",
                        "product_id": self.product.id,
                        "qty": 0.1 + 0.2,
                        "price_subtotal": 0.1 + 0.2,
                        "price_subtotal_incl": 1.005,
                        "surplus": 1,
                    },
                    {
                        "product_id": self.reward_product.id,
                        "qty": 1,
                        "price_subtotal": -5,
                        "price_subtotal_incl": -5,
                        "hold_id": "hold-1",
                    },
                    {
                        "uuid": "b",
                        "product_id": self.product.id,
                        "qty": -1,
                        "price_subtotal": -30,
                        "price_subtotal_incl": -30,
                        "refunded_line_id": 42,
                        "hold_id": False,
                        "combo_parent_uuid": False,
                    },
                    {
                        "uuid": "c",
                        "product_id": self.product.id,
                        "qty": 1,
                        "price_subtotal": 9,
                        "price_subtotal_incl": 9,
                        "combo_parent_uuid": "a",
                    },
                ],
            )
        )
        (params,) = self.sidecar.params_of("loyalty.quote")
        self.assertEqual(
            params["order"],
            {
                "uuid": "0b7c1a52-0000-4000-8000-000000000001",
                "company_id": self.company.id,
                "currency": self.company_currency.name,
                "pos_config_id": self.config.id,
                "partner_id": self.customer.id,
                "lines": [
                    {
                        "uuid": "a",
                        "product_id": self.product.id,
                        "qty": "0.30",
                        "price_subtotal": "0.30",
                        "price_subtotal_incl": "1.01",
                    },
                    {
                        "product_id": self.reward_product.id,
                        "qty": "1.00",
                        "price_subtotal": "-5.00",
                        "price_subtotal_incl": "-5.00",
                        "hold_id": "hold-1",
                    },
                    {
                        "uuid": "b",
                        "product_id": self.product.id,
                        "qty": "-1.00",
                        "price_subtotal": "-30.00",
                        "price_subtotal_incl": "-30.00",
                        "refunded_line_id": 42,
                    },
                    {
                        "uuid": "c",
                        "product_id": self.product.id,
                        "qty": "1.00",
                        "price_subtotal": "9.00",
                        "price_subtotal_incl": "9.00",
                        "combo_parent_uuid": "a",
                    },
                ],
            },
        )

    def test_a_refused_quote_says_why(self):
        def refuse(params):
            raise Refuse(1401, "unavailable")

        self.sidecar.answers["loyalty.quote"] = refuse
        answer = self.till().loyalty_sidecar_refresh(self.draft())
        self.assertFalse(answer["ok"])
        self.assertIn("cannot answer now", answer["error"]["message"])

    def test_hold(self):
        answer = self.till().loyalty_sidecar_hold(self.draft(), self.CHOICE)
        self.assertEqual(answer["result"]["hold_id"], "hold-1")
        self.assertEqual(answer["line_product_id"], self.reward_product.id)
        (params,) = self.sidecar.params_of("loyalty.hold")
        self.assertEqual(params["idempotency_key"], self.CHOICE["idempotency_key"])
        self.assertEqual(params["partner_id"], self.customer.id)
        self.assertNotIn("points", params)

    def test_hold_of_so_many_points(self):
        self.till().loyalty_sidecar_hold(
            self.draft(), {**self.CHOICE, "reward": "pay", "points": "60"}
        )
        self.assertEqual(self.sidecar.params_of("loyalty.hold")[0]["points"], "60")

    def test_an_unanswered_hold_is_repeated_with_its_key(self):
        answers = iter(
            [
                Refuse(1401, "unavailable"),
                {"hold_id": "hold-2", "points": "100", "discount": "5.00", "expires_at": ""},
            ]
        )

        def answer(params):
            value = next(answers)
            if isinstance(value, Refuse):
                raise value
            return value

        self.sidecar.answers["loyalty.hold"] = answer
        self.assertEqual(
            self.till().loyalty_sidecar_hold(self.draft(), self.CHOICE)["result"]["hold_id"],
            "hold-2",
        )
        first, second = self.sidecar.params_of("loyalty.hold")
        self.assertEqual(first, second)

    def test_refusals_come_in_words(self):
        for refusal, words in [
            (
                Refuse(1001, "insufficient_points", available="20.00", required="100.00"),
                "Not enough points: 100 needed, 20 available.",
            ),
            (
                Refuse(1002, "below_minimum", available="20", minimum="50"),
                "Redeeming begins at 50 points; 20 available.",
            ),
            (
                Refuse(1003, "reward_not_applicable", reason="order_too_small"),
                "The order is too small for this reward.",
            ),
            (
                Refuse(
                    1003, "reward_not_applicable", reason="order_too_small", maximum_points="40.00"
                ),
                "This order takes 40 points at most.",
            ),
            (
                Refuse(1003, "reward_not_applicable", reason="other_partner"),
                "This reward belongs to another customer.",
            ),
            (
                Refuse(1301, "forbidden"),
                "The token in the settings may not do this. Ask an administrator.",
            ),
            (
                Refuse(1999, "something_new", "A sentence of a newer sidecar."),
                "A sentence of a newer sidecar.",
            ),
        ]:

            def refuse(params, refusal=refusal):
                raise refusal

            self.sidecar.answers["loyalty.hold"] = refuse
            answer = self.till().loyalty_sidecar_hold(self.draft(), self.CHOICE)
            self.assertEqual((answer["ok"], answer["error"]["message"]), (False, words))

    def test_redeeming_while_the_sidecar_is_down_explains_itself(self):
        self.take_sidecar_down()
        for answer in (
            self.till().loyalty_sidecar_refresh(self.draft()),
            self.till().loyalty_sidecar_hold(self.draft(), self.CHOICE),
        ):
            self.assertEqual((answer["ok"], answer["error"]["kind"]), (False, "unreachable"))
            self.assertIn("Selling works", answer["error"]["message"])
            # The address is the administrator's business.
            self.assertNotIn(self.sidecar.url, str(answer))
        self.assertFalse(self.till().loyalty_sidecar_release(["hold-1"], "line removed")["ok"])

    def test_not_set_up(self):
        self.set_parameters(False, False)
        answer = self.till().loyalty_sidecar_refresh(self.draft())
        self.assertEqual(answer["error"]["kind"], "not_configured")

    def test_words_are_translated(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.take_sidecar_down()
        answer = self.till().with_context(lang="fr_FR").loyalty_sidecar_refresh(self.draft())
        self.assertIn("Les ventes fonctionnent", answer["error"]["message"])

    def test_release(self):
        self.assertTrue(
            self.till().loyalty_sidecar_release(["hold-1", "hold-2"], "line removed")["ok"]
        )
        self.assertEqual(
            self.sidecar.params_of("loyalty.release"),
            [
                {"hold_id": "hold-1", "reason": "line removed"},
                {"hold_id": "hold-2", "reason": "line removed"},
            ],
        )

    def test_the_reward_product_reaches_the_till_and_no_list(self):
        self.open_new_session()
        data = self.pos_session.with_user(self.cashier).load_data([])
        product = next(
            each for each in data["product.product"] if each["id"] == self.reward_product.id
        )
        template = next(
            each for each in data["product.template"] if each["id"] == product["product_tmpl_id"]
        )
        self.assertEqual(template["taxes_id"], [])
        self.assertIn(self.reward_product.id, data["pos.config"][0]["_pos_special_products_ids"])
        self.assertFalse(self.reward_product.available_in_pos)
