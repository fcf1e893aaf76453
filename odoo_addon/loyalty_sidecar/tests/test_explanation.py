from odoo.exceptions import AccessError
from odoo.tests.common import tagged

from .common import LoyaltySidecarCommon
from .fake_sidecar import TOKEN


@tagged("post_install", "-at_install")
class TestExplanation(LoyaltySidecarCommon):
    """The words of the history for why an entry is what it is."""

    def explain(self, entry_id="e1", lang=None, **values):
        self.sidecar.answers["loyalty.explain"] = {
            "entry": {"entry_id": "e1", "kind": "earn", "points": "28.00"},
            "partner_id": self.customer.id,
            "program": "club",
            "program_name": "Club",
            "points_name": "points",
            "currency": "USD",
            "currency_decimals": 2,
            "version": 3,
            "document": {"name": "Club"},
            "lines": [],
            "rules": [],
            "total_before_rounding": None,
            "rounding": None,
            "rounded": None,
            "posted_before": None,
            "lots": [],
            "reversed_by": [],
            "reverses": None,
            **values,
        }
        customer = self.customer.with_user(self.cashier)
        if lang:
            self.env["res.lang"]._activate_lang(lang)
            customer = customer.with_context(lang=lang)
        answer = customer.loyalty_sidecar_explain(entry_id)
        answer["sentences"] = [
            sentence.replace("\xa0", " ").replace("\u202f", " ") for sentence in answer.get("sentences", [])
        ]
        return answer

    def rule(self, code, kind, points, **values):
        return {"code": code, "kind": kind, "points": points, "multipliers": [], **values}

    def sunday(self, factor="2", products=None):
        products = [self.product.id] if products is None else products
        return {"code": "sunday", "factor": factor, "product_ids": products, "product_names": ["Gone"]}

    def test_what_was_earned(self):
        answer = self.explain(
            rules=[
                self.rule("base", "per_amount", "4", step="whole", every="10.00", points_each="1", amount="47.00"),
                self.rule(
                    "part", "per_amount", "29.57", step="prorata", every="1.00", points_each="0.5", amount="59.14"
                ),
                self.rule("toys", "per_unit", "20", points_each="5", quantity="2", multipliers=[self.sunday()]),
                self.rule("first_visit", "per_order", "2", points_each="2", amount="47.00"),
            ],
            total_before_rounding="55.57",
            rounding={"mode": "half_up", "decimals": 0},
            rounded="56",
            posted_before="0",
            lots=[{"expires_at": "2027-12-01T00:00:00Z", "points": "56.00"}],
        )
        self.assertEqual(
            answer["sentences"],
            [
                "Base: 1 point for each full $ 10.00 of $ 47.00: 4 points.",
                "Part: 0.5 points for each $ 1.00, in proportion, of $ 59.14: 29.57 points.",
                "Toys: 2 × 5 points: 20 points.",
                "First visit: 2 points once for the order: 2 points.",
                "Sunday double points on Lamp (already included above).",
                "Together: 55.57 points, rounded to the nearest whole point: 56 points.",
                "By version 3 of the program “Club”.",
            ],
        )
        self.assertEqual(
            answer["lots"], [{"expires_at": "2027-12-01T00:00:00Z", "points": "56.00"}]
        )

    def test_in_french(self):
        sentences = self.explain(
            lang="fr_FR",
            rules=[
                self.rule(
                    "base", "per_amount", "1.5", step="prorata", every="10.00", points_each="1", amount="15.00",
                    multipliers=[self.sunday()],
                )
            ],
            total_before_rounding="1.5",
            rounding={"mode": "down", "decimals": 0},
            rounded="1",
            posted_before="0",
        )["sentences"]
        self.assertEqual(sentences[0], "Base : 1 point par $ 10,00, au prorata, sur $ 15,00 : 1,5 point.")
        self.assertEqual(sentences[1], "Sunday : points doublés sur Lamp (déjà inclus ci-dessus).")

    def test_multipliers(self):
        for factor, products, words in [
            ("3", None, "Sunday triple points on Lamp (already included above)."),
            ("1.50", None, "Sunday points times 1.5 on Lamp (already included above)."),
            ("2", [], "Sunday double points on everything (already included above)."),
            # A product that Odoo has no more is called as the sidecar knew it.
            ("2", [999999999], "Sunday double points on Gone (already included above)."),
        ]:
            rules = [self.rule("visit", "per_order", "2", points_each="1", multipliers=[self.sunday(factor, products)])]
            sentences = self.explain(rules=rules, total_before_rounding="2", rounded="2")["sentences"]
            self.assertEqual(sentences[1], words)
            self.assertEqual(sentences[2], "Together: 2 points.")

    def test_many_products_are_counted(self):
        products = self.env["product.product"].create([{"name": f"Thing {n}"} for n in range(7)])
        rules = [self.rule("visit", "per_order", "2", points_each="1", multipliers=[self.sunday("2", products.ids)])]
        sentences = self.explain(rules=rules, total_before_rounding="2", rounded="2")["sentences"]
        self.assertIn("Thing 0, Thing 1, Thing 2, Thing 3, Thing 4 and 2 more", sentences[1])

    def test_an_entry_that_is_a_difference_says_so(self):
        sentences = self.explain(
            entry={"entry_id": "e1", "kind": "clawback", "points": "-1.00"},
            rules=[self.rule("base", "per_amount", "3", step="whole", every="10.00", points_each="1", amount="30.00")],
            total_before_rounding="3",
            rounding={"mode": "down", "decimals": 0},
            rounded="3",
            posted_before="4",
        )["sentences"]
        self.assertEqual(sentences[1], "Together: 3 points.")
        self.assertEqual(
            sentences[2], "4 points had been booked for this sale before; this entry is the difference: -1 point."
        )

    def test_entries_that_no_rule_made(self):
        for kind, words in [
            ("redeem", "Points spent on a reward."),
            ("restore", "A reward was taken back: its points are valid for as long as they were before."),
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
        redeemed = {
            "reward": "5off", "name": "5 off", "points": "100.00", "discount": "5.00", "currency": "USD",
        }
        for changes, words in [
            ({}, "The reward “5 off”: 100 points, $ 5.00 off the order."),
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
            rules=[self.rule("new", "per_moon", "1")], total_before_rounding="1", rounded="1"
        )["sentences"]
        self.assertEqual(sentences[0], "New: 1 point.")

    def test_points_of_another_name(self):
        sentences = self.explain(
            points_name="stars",
            rules=[self.rule("visit", "per_order", "1", points_each="1")],
            total_before_rounding="1",
            rounded="1",
        )["sentences"]
        self.assertEqual(sentences[0], "Visit: 1 star once for the order: 1 star.")

    def test_which_role_is_needed(self):
        self.sidecar.tokens[TOKEN] = "pos"
        answer = self.explain()
        self.assertEqual((answer["ok"], answer["error"]["kind"]), (False, "forbidden"))
        self.assertIn("token create --role viewer", answer["error"]["message"])

    def test_an_entry_of_somebody_else_is_not_explained(self):
        other = self.env["res.partner"].create({"name": "Another"})
        self.assertTrue(self.explain()["ok"])
        with self.assertRaises(AccessError):
            self.explain(partner_id=other.id)

    def test_when_the_sidecar_is_down(self):
        self.take_sidecar_down()
        answer = self.customer.with_user(self.cashier).loyalty_sidecar_explain("e1")
        self.assertEqual((answer["ok"], answer["error"]["kind"]), (False, "unreachable"))
