from odoo.exceptions import AccessError
from odoo.tests.common import tagged

from .common import LoyaltySidecarCommon
from .fake_sidecar import Refuse


@tagged("post_install", "-at_install")
class TestExplanation(LoyaltySidecarCommon):
    """The words of the history for why an entry is what it is."""

    def setUp(self):
        super().setUp()
        self.sidecar.answers["loyalty.history"] = {"entries": [{"entry_id": "e1"}], "next": None}

    def explain(self, entry_id="e1", **values):
        self.sidecar.answers["loyalty.explain"] = {
            "entry": {"entry_id": "e1", "kind": "earn", "points": "28.00"},
            "program": "club",
            "version": 3,
            "document": {
                "name": "Club",
                "earning": {
                    "rules": [
                        {
                            "code": "base",
                            "kind": "per_amount",
                            "every": "10.00",
                            "points": "1",
                            "step": "whole",
                        },
                        {
                            "code": "part",
                            "kind": "per_amount",
                            "every": "1.00",
                            "points": "0.5",
                            "step": "prorata",
                        },
                        {"code": "toys", "kind": "per_unit", "points": "5"},
                        {"code": "visit", "kind": "per_order", "points": "2"},
                        {"code": "sunday", "kind": "multiplier", "factor": "2"},
                    ]
                },
            },
            "lines": [],
            "total_before_rounding": None,
            "rounding": None,
            "lots": [],
            "reversed_by": [],
            "reverses": None,
            **values,
        }
        return self.customer.with_user(self.cashier).loyalty_sidecar_explain(entry_id)

    def line(self, rule, base, points, factor="1", multipliers=()):
        return {
            "product_id": self.product.id,
            "rule": rule,
            "base": base,
            "points": points,
            "factor": factor,
            "multipliers": list(multipliers),
        }

    def test_what_was_earned(self):
        answer = self.explain(
            lines=[
                self.line("base", "40.00", "3.404255"),
                self.line("base", "7.00", "0.595745"),
                self.line("part", "3.125", "1.5625"),
                self.line("toys", "2", "20", "2", ["sunday"]),
                self.line("visit", "47.00", "2"),
            ],
            total_before_rounding="27.5625",
            rounding={"mode": "half_up", "decimals": 0},
            lots=[{"expires_at": "2027-12-01T00:00:00Z", "points": "28.00"}],
        )
        self.assertEqual(
            answer["sentences"],
            [
                "base: 1 point per full 10.00 of 47.00, makes 4 points.",
                "part: 0.5 points for 1.00, in proportion, of 3.125, makes 1.5625 points.",
                "toys: 5 points for each of 2, makes 20 points.",
                "visit: 2 points for the order, makes 2 points.",
                "sunday: times 2, contained above, on Lamp.",
                "In all 27.5625, rounded half up to 0 decimals: 28 points.",
                "By version 3 of the program “Club”.",
            ],
        )
        self.assertEqual(
            answer["lots"], [{"expires_at": "2027-12-01T00:00:00Z", "points": "28.00"}]
        )

    def test_an_entry_that_is_a_difference_says_so(self):
        sentences = self.explain(
            entry={"entry_id": "e1", "kind": "clawback", "points": "-1.00"},
            lines=[self.line("base", "30.00", "3")],
            total_before_rounding="3",
            rounding={"mode": "down", "decimals": 0},
        )["sentences"]
        self.assertEqual(sentences[1], "In all 3, rounded down to 0 decimals: 3 points.")
        self.assertIn("the difference to what was entered for it before: -1 points.", sentences[2])

    def test_entries_that_no_rule_made(self):
        for kind, words in [
            ("redeem", "Points spent on a reward."),
            ("restore", "A reward was taken back: its points returned to the lots they came from."),
            ("adjust", "Entered by hand, with the reason given."),
            ("later_kind", "later_kind"),
        ]:
            answer = self.explain(
                entry={"entry_id": "e1", "kind": kind, "points": "5"},
                version=None,
                document=None,
                reverses="e0",
                reversed_by=["e2"],
            )
            self.assertEqual(answer["sentences"], [words])
            self.assertEqual((answer["reverses"], answer["reversed_by"]), ("e0", ["e2"]))

    def test_which_reward_was_redeemed(self):
        redeemed = {"reward": "5off", "name": "5 off", "points": "100.00", "discount": "5.00"}
        for changes, words in [
            ({}, "The reward “5 off”: 100 points, 5.00 off the order."),
            ({"name": None, "discount": "0.00"}, "The reward “5off”: 100 points."),
        ]:
            sentences = self.explain(
                entry={"entry_id": "e1", "kind": "redeem", "points": "-100"},
                redeemed={**redeemed, **changes},
            )["sentences"]
            self.assertEqual(
                sentences,
                [
                    "Points spent on a reward.",
                    words,
                    "By version 3 of the program “Club”.",
                ],
            )

    def test_a_rule_newer_than_the_addon_is_named(self):
        sentences = self.explain(
            document={"name": "Club", "earning": {"rules": [{"code": "new", "kind": "per_moon"}]}},
            lines=[self.line("new", "12", "1")],
            total_before_rounding="28",
        )["sentences"]
        self.assertEqual(sentences[0], "new: per_moon (12), makes 1 point.")

    def test_points_of_another_name(self):
        sentences = self.explain(
            document={
                "name": "Club",
                "points_name": "stars",
                "earning": {"rules": [{"code": "visit", "kind": "per_order", "points": "1"}]},
            },
            lines=[self.line("visit", "12", "1")],
            total_before_rounding="28",
        )["sentences"]
        self.assertEqual(sentences[0], "visit: 1 stars for the order, makes 1 stars.")

    def test_which_role_is_needed(self):
        def forbid(params):
            raise Refuse(1301, "forbidden")

        self.explain()
        self.sidecar.answers["loyalty.explain"] = forbid
        answer = self.customer.with_user(self.cashier).loyalty_sidecar_explain("e1")
        self.assertEqual((answer["ok"], answer["error"]["kind"]), (False, "forbidden"))
        self.assertIn("token create --role viewer", answer["error"]["message"])

    def test_an_entry_of_somebody_else_is_not_explained(self):
        pages = {
            None: {"entries": [{"entry_id": "e1"}], "next": "p2"},
            "p2": {"entries": [{"entry_id": "e9"}], "next": None},
        }
        self.sidecar.answers["loyalty.history"] = lambda params: pages[params.get("before")]
        # On an older page it is still this customer's.
        self.assertTrue(self.explain("e9")["ok"])
        with self.assertRaises(AccessError):
            self.explain("e5")
        self.assertEqual(
            [each["entry_id"] for each in self.sidecar.params_of("loyalty.explain")], ["e9"]
        )

    def test_when_the_sidecar_is_down(self):
        self.take_sidecar_down()
        answer = self.customer.with_user(self.cashier).loyalty_sidecar_explain("e1")
        self.assertEqual((answer["ok"], answer["error"]["kind"]), (False, "unreachable"))
