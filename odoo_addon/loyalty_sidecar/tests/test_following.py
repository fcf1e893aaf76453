from datetime import UTC, datetime, timedelta

from odoo.exceptions import AccessError
from odoo.tests.common import new_test_user, tagged

from .common import LoyaltySidecarCommon
from .fake_sidecar import Refuse


@tagged("post_install", "-at_install")
class TestFollowing(LoyaltySidecarCommon):
    """Rewards that are asked for anew, and what is told to who is no member."""

    CHOICE = {
        "idempotency_key": "0b7c1a52-2222-4000-8000-000000000001",
        "program": "club",
        "reward": "5off",
        "replaces": "hold-0",
    }

    def test_what_a_hold_replaces_is_passed_on(self):
        answer = self.till().loyalty_sidecar_hold(self.draft(), self.CHOICE)
        self.assertEqual(answer["result"]["hold_id"], "hold-1")
        (params,) = self.sidecar.params_of("loyalty.hold")
        self.assertEqual(params["replaces"], "hold-0")
        # The sidecar refuses what it does not know: without one, the parameter is not there.
        self.till().loyalty_sidecar_hold(self.draft(), {**self.CHOICE, "replaces": False})
        self.assertNotIn("replaces", self.sidecar.params_of("loyalty.hold")[1])

    def test_a_hold_of_an_order_of_another_company_is_not_replaced(self):
        self.open_new_session()
        other_company = self.env["res.company"].create({"name": "Elsewhere"})
        order, _ = self.sync(self.order_data("hold-0", state="draft"))
        # As if it were the other company's: a till of this one asks.
        self.env.cr.execute(
            "UPDATE pos_order SET company_id = %s WHERE id = %s", [other_company.id, order.id]
        )
        order.invalidate_recordset()
        with self.assertRaises(AccessError):
            self.till().loyalty_sidecar_hold(self.draft(), self.CHOICE)
        self.assertEqual(self.sidecar.params_of("loyalty.hold"), [])

    def test_how_long_a_hold_lasts_is_told_by_no_clock_of_the_till(self):
        end = datetime.now(UTC) + timedelta(seconds=300)
        hold = {**self.sidecar.answers["loyalty.hold"], "expires_at": end.isoformat()}
        self.sidecar.answers["loyalty.hold"] = hold
        answer = self.till().loyalty_sidecar_hold(self.draft(), self.CHOICE)
        self.assertAlmostEqual(answer["result"]["expires_in_seconds"], 300, delta=20)
        self.sidecar.answers["loyalty.hold"] = {**hold, "expires_at": None}
        answer = self.till().loyalty_sidecar_hold(self.draft(), self.CHOICE)
        self.assertIsNone(answer["result"]["expires_in_seconds"])

    def test_a_refusal_says_why_and_with_how_many_points_it_would_fit(self):
        def refuse(_params):
            raise Refuse(1003, "reward_not_applicable", reason="order_too_small", maximum_points="40")

        self.sidecar.answers["loyalty.hold"] = refuse
        error = self.till().loyalty_sidecar_hold(self.draft(), self.CHOICE)["error"]
        self.assertEqual(error["data"]["maximum_points"], "40")
        self.assertEqual(error["message"], "This order takes 40 points at most.")

    def quote(self, **values):
        return {
            "program": "club",
            "name": "Club",
            "points_name": "stars",
            "earns": "30",
            "balance_after": "30",
            "rewards": [],
            **values,
        }

    def test_an_order_of_nobody_says_what_a_member_would_earn(self):
        self.sidecar.answers["loyalty.quote"] = {
            "programs": [self.quote(), self.quote(program="other", earns="0")]
        }
        answer = self.till().loyalty_sidecar_would_earn(self.draft(partner_id=False))
        self.assertEqual(
            answer,
            {
                "ok": True,
                "programs": [
                    {
                        "program": "club",
                        "name": "Club",
                        "points_name": "stars",
                        "would_earn": "30",
                    }
                ],
            },
        )
        (params,) = self.sidecar.params_of("loyalty.quote")
        self.assertNotIn("partner_id", params["order"])

    def test_a_customer_who_has_not_joined_is_told_too(self):
        reward = {
            "reward": "vip",
            "name": "For members",
            "points": "10",
            "discount": "0.00",
            "applicable": False,
            "reason": "not_enrolled",
        }
        self.sidecar.answers["loyalty.quote"] = {
            "programs": [
                self.quote(earns="0", would_earn="30", balance_after="0", rewards=[reward])
            ]
        }
        self.sidecar.answers["loyalty.balance"] = [
            {
                "partner_id": self.customer.id,
                "programs": [self.sidecar.balance(balance="0.00", available="0.00")],
            }
        ]
        (program,) = self.till().loyalty_sidecar_refresh(self.draft())["programs"]
        self.assertEqual((program["would_earn"], program["rewards"]), ("30", []))
        self.env["ir.config_parameter"].sudo().set_param("loyalty_sidecar.hide_would_earn", "True")
        self.assertEqual(self.till().loyalty_sidecar_refresh(self.draft())["programs"], [])

    def test_nobody_is_told_once_it_is_turned_off(self):
        self.env["ir.config_parameter"].sudo().set_param("loyalty_sidecar.hide_would_earn", "True")
        answer = self.till().loyalty_sidecar_would_earn(self.draft(partner_id=False))
        self.assertEqual(answer, {"ok": True, "is_off": True, "programs": []})
        self.assertEqual(self.sidecar.calls, [])

    def test_only_tills_ask(self):
        nobody = new_test_user(
            self.env,
            "nobody_following",
            groups="base.group_user",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        with self.assertRaises(AccessError):
            self.till(nobody).loyalty_sidecar_would_earn(self.draft(partner_id=False))
