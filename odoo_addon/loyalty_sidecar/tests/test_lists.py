from datetime import datetime, timedelta

from lxml import etree
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tests.common import new_test_user, tagged

from .common import LoyaltySidecarCommon
from .fake_sidecar import MANAGER_TOKEN, TOKEN, Refuse


@tagged("post_install", "-at_install")
class TestLists(LoyaltySidecarCommon):
    """Lists over what the sidecar tells, by Odoo's own search, groups and export."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.anna, cls.bert = cls.env["res.partner"].create(
            [{"name": "Anna Schmidt", "city": "Ulm"}, {"name": "Bert Weber", "city": "Bonn"}]
        )
        # Odoo lets these two export, whatever the list.
        (cls.cashier | cls.manager).write({"group_ids": [(4, cls.env.ref("base.group_allow_export").id)]})

    def member(self, partner, available, program="club", **values):
        return {
            "partner_id": partner if isinstance(partner, int) else partner.id,
            "partner_name": "As the service knows it",
            "program": program,
            "program_name": program.capitalize(),
            "points_name": "points",
            "balance": available,
            "held": "0",
            "available": available,
            "expiring": [],
            "enrolled_at": None,
            "last_activity_at": "2026-11-20T10:00:00.123456Z",
            **values,
        }

    def members(self, *members, user=None):
        self.sidecar.answers["member.list"] = {"members": list(members), "next": None}
        self.forget_rows()
        return self.env["loyalty.sidecar.member"].with_user(user or self.cashier)

    def redemption(self, hold, at="2026-11-29T10:00:00Z", **values):
        return {
            "hold_id": hold,
            "entry_id": f"entry of {hold}",
            "partner_id": self.anna.id,
            "partner_name": "Anna",
            "program": "club",
            "program_name": "Club",
            "points_name": "points",
            "reward": "5off",
            "reward_name": "5 off",
            "reward_kind": "discount_amount",
            "product_id": None,
            "points": "100",
            "restored": "0",
            "discount": "5.00",
            "currency": self.company.currency_id.name,
            "order": {"id": None, "uuid": "somewhere", "name": "Shop/0001"},
            "pos_config_id": self.config.id,
            "pos_config_name": "Shop",
            "actor": "odoo (lsk_ab12cd34ef56)",
            "at": at,
            "expires_at": None,
            "state": "captured",
            **values,
        }

    def exception(self, number, **values):
        return {
            "exception_id": number,
            "kind": "debt",
            "partner_id": self.anna.id,
            "order": None,
            "detail": "A refund took back more than was there.",
            "at": "2026-11-29T10:00:00Z",
            "state": "open",
            **values,
        }

    # Members

    def test_members_are_searched_sorted_and_counted_by_odoo(self):
        members = self.members(
            self.member(self.anna, "340"),
            self.member(self.anna, "3", "coffee"),
            self.member(self.bert, "1200.5"),
        )
        found = members.search([])
        self.assertEqual(found.mapped("available"), [1200.5, 340.0, 3.0])
        self.assertEqual(found.mapped("partner_id"), self.bert | self.anna)
        self.assertEqual(members.search_count([("available", ">", 100)]), 2)
        self.assertEqual(members.search([("partner_id.name", "ilike", "anna")]).partner_id, self.anna)
        self.assertEqual(members.search([("city", "=", "Bonn")]).partner_id, self.bert)
        self.assertEqual(members.search([], order="partner_id", limit=1).partner_id, self.anna)
        # Asked once in a transaction, whatever Odoo reads of it.
        self.assertEqual(len(self.sidecar.params_of("member.list")), 1)
        self.assertEqual(found[0].last_activity_at, datetime(2026, 11, 20, 10, 0))

    def test_members_are_grouped_and_exported_by_odoo(self):
        members = self.members(
            self.member(self.anna, "340"),
            self.member(self.anna, "3", "coffee"),
            self.member(self.bert, "60"),
        )
        groups = members.formatted_read_group([], ["program_name"], ["available:sum", "__count"])
        self.assertEqual(
            [(each["program_name"], each["available:sum"], each["__count"]) for each in groups],
            [("Club", 400.0, 2), ("Coffee", 3.0, 1)],
        )
        rows = members.search([]).export_data(["partner_id/name", "program_name", "available"])["datas"]
        self.assertEqual(rows[0], ["Anna Schmidt", "Club", 340.0])
        # The same row has the same number in the next request, or a selection would be of nothing.
        ids = members.search([]).ids
        self.forget_rows()
        self.assertEqual(members.search([]).ids, ids)
        self.assertEqual(members.browse(ids[:1]).export_data(["available"])["datas"], [[340.0]])

    def test_all_pages_are_read(self):
        pages = {
            None: {"members": [self.member(self.anna, "1")], "next": "p2"},
            "p2": {"members": [self.member(self.bert, "2")], "next": None},
        }
        self.sidecar.answers["member.list"] = lambda params: pages[params.get("before")]
        found = self.env["loyalty.sidecar.member"].with_user(self.cashier).search([])
        self.assertEqual(found.mapped("available"), [2.0, 1.0])
        self.assertEqual(found.mapped("is_incomplete"), [False, False])
        self.assertEqual(
            self.sidecar.params_of("member.list"), [{"limit": 1000}, {"limit": 1000, "before": "p2"}]
        )

    def test_a_page_that_fails_makes_the_list_incomplete_and_says_so(self):
        def answer(params):
            if params.get("before"):
                raise Refuse(1401, "unavailable")
            return {"members": [self.member(self.anna, "1")], "next": "p2"}

        self.sidecar.answers["member.list"] = answer
        members = self.env["loyalty.sidecar.member"].with_user(self.cashier)
        self.assertEqual(members.search([]).mapped("is_incomplete"), [True])

    def test_members_follow_the_rights_on_customers(self):
        other = self.env["res.company"].create({"name": "Another Company"})
        stranger = self.env["res.partner"].create({"name": "Stranger", "company_id": other.id})
        members = self.members(
            self.member(self.anna, "1"), self.member(stranger, "2"), self.member(999999999, "3")
        )
        self.assertEqual(members.search([]).partner_id, self.anna)
        # Naming the other company in the context gives no right to it.
        with self.assertRaises(AccessError):
            members.with_context(allowed_company_ids=(self.company | other).ids).search([]).mapped("available")

    def test_programs_and_members_of_another_company_are_not_shown(self):
        other = self.env["res.company"].create({"name": "Another Company"})
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.sidecar.companies = {"ours": self.company.id, "theirs": other.id, "of the branch": branch.id}
        codes = ["ours", "theirs", "of the branch", "everybody"]
        self.sidecar.answers["program.list"] = {
            "programs": [{"code": code, "name": code, "version": 1, "archived_at": None} for code in codes]
        }
        in_branch = new_test_user(
            self.env,
            "loyalty_branch_cashier",
            groups="base.group_user,point_of_sale.group_pos_user",
            company_id=branch.id,
            company_ids=[(6, 0, branch.ids)],
        )
        for user, shown in (
            (self.cashier, {"ours", "everybody"}),
            (in_branch, {"ours", "of the branch", "everybody"}),
        ):
            members = self.members(*(self.member(self.anna, "10", code) for code in codes), user=user)
            self.sidecar.authorizations.clear()
            self.assertEqual(set(members.search([]).mapped("program")), shown)
            groups = members.formatted_read_group([], ["program"], ["__count"])
            self.assertEqual({each["program"] for each in groups}, shown)
            # The members, and in one batch the companies of all their programs.
            self.assertEqual(len(self.sidecar.authorizations), 2)
            programs = self.env["loyalty.sidecar.program"].with_user(user)
            self.assertEqual(set(programs.search([]).mapped("code")), shown)
            theirs = programs.sudo().search([("code", "=", "theirs")]).sudo(False)
            with self.assertRaises(AccessError):
                theirs.invalidate_recordset() or theirs.read(["name", "description"])

    def test_points_in_a_program_of_another_company_find_nobody(self):
        other = self.env["res.company"].create({"name": "Another Company"})
        self.sidecar.companies = {"theirs": other.id}
        self.members(self.member(self.anna, "10", "theirs"), self.member(self.bert, "10"))
        both = (self.anna | self.bert).with_user(self.cashier)
        domain = [("id", "in", both.ids), ("loyalty_sidecar_balance", ">", 0)]
        self.assertEqual(both.search(domain), both[1:])

    def test_a_list_whose_programs_cannot_be_asked_for_is_empty_and_not_exported(self):
        def refuse(params):
            raise Refuse(1401, "unavailable")

        members = self.members(self.member(self.anna, "1"))
        self.sidecar.answers["program.get"] = refuse
        self.assertFalse(members.search([]))
        with self.assertRaises(UserError):
            members.export_data(["program"])

    def listed(self, model, domain):
        """What Odoo's web client asks for to show the list: the fields of the view, of the rows that match."""
        self.forget_rows()
        arch = etree.fromstring(model.get_view(view_type="list")["arch"])
        names = [field.get("name") for field in arch.iter("field")]
        many2one = {"fields": {}}
        specification = {name: many2one if model._fields[name].type == "many2one" else {} for name in names}
        return model.web_search_read(domain, specification, limit=80)["records"]

    def test_a_list_asks_for_the_rows_it_shows_and_no_others(self):
        self.open_new_session()
        order, _result = self.sync(self.order_data())
        reference = {"id": order.id, "uuid": order.uuid, "name": order.name}
        self.sidecar.answers["redemption.list"] = {
            "redemptions": [self.redemption("h1", order=reference), self.redemption("h2", "2026-11-29T09:00:00Z")],
            "next": None,
        }
        redemptions = self.env["loyalty.sidecar.redemption"].with_user(self.cashier)
        shown = self.listed(redemptions, [("at", ">=", "2026-11-29 00:00:00")])
        # Its order is opened from the row, without asking for the row again.
        self.assertEqual([each["order_id"] for each in shown], [{"id": order.id}, False])
        self.assertEqual(
            self.sidecar.params_of("redemption.list"), [{"limit": 500, "from": "2026-11-29T00:00:00Z"}]
        )
        self.sidecar.answers["exception.list"] = {"exceptions": [self.exception("x1")], "next": None}
        exceptions = self.env["loyalty.sidecar.exception"].with_user(self.manager)
        self.assertEqual(len(self.listed(exceptions, [("state", "=", "open")])), 1)
        self.assertEqual(self.sidecar.params_of("exception.list"), [{"limit": 500, "state": "open"}])

    def test_away_the_lists_are_empty_say_so_and_are_not_exported(self):
        self.take_sidecar_down()
        for name in ("member", "redemption", "program", "exception"):
            listing = self.env[f"loyalty.sidecar.{name}"].with_user(self.manager)
            self.assertFalse(listing.search([]))
            state = listing.loyalty_sidecar_state()
            self.assertFalse(state["ok"])
            self.assertIn("cannot be reached", state["message"])
            with self.assertRaises(UserError):
                listing.search([]).export_data(["id"])

    def test_the_state_of_a_list(self):
        self.assertEqual(self.members().loyalty_sidecar_state(), {"ok": True, "message": ""})
        self.sidecar.tokens[TOKEN] = "pos"
        state = self.members().loyalty_sidecar_state()
        self.assertIn("token create --role viewer", state["message"])

    # The column in the list of customers

    def balances(self, by_partner):
        def answer(params):
            return [
                {
                    "partner_id": partner_id,
                    "programs": [self.sidecar.balance(**each) for each in by_partner.get(partner_id, [])],
                }
                for partner_id in params["partner_ids"]
            ]

        self.sidecar.answers["loyalty.balance"] = answer

    def test_points_in_the_list_of_customers(self):
        self.balances(
            {
                self.anna.id: [
                    {"available": "340.00"},
                    {"name": "Coffee", "points_name": "stars", "available": "1.00"},
                ],
                self.bert.id: [{"available": "1.00"}, {"name": "Coffee", "available": "0.00"}],
            }
        )
        listed = (self.anna | self.bert | self.customer).with_user(self.cashier)
        self.assertEqual(
            listed.mapped("loyalty_sidecar_balance"),
            ["Club: 340 points, Coffee: 1 star", "1 point", False],
        )
        # One question for all rows.
        self.assertEqual(len(self.sidecar.params_of("loyalty.balance")), 1)
        self.assertEqual(
            listed.export_data(["name", "loyalty_sidecar_balance"])["datas"][1], ["Bert Weber", "1 point"]
        )

    def test_the_list_of_customers_opens_without_the_service(self):
        self.take_sidecar_down()
        customer = self.anna.with_user(self.cashier)
        self.assertEqual(customer.loyalty_sidecar_balance, "not available now")
        self.assertEqual(customer.name, "Anna Schmidt")

    def test_a_slow_service_is_not_waited_for_twice(self):
        self.sidecar.mode = "slow"
        self.set_parameters(self.sidecar.url, TOKEN, "200")
        for partner in self.anna | self.bert:
            self.assertEqual(
                partner.with_user(self.cashier).loyalty_sidecar_balance, "not available now"
            )
        self.assertEqual(len(self.sidecar.authorizations), 1)

    def test_customers_are_found_by_their_points(self):
        self.members(
            self.member(self.anna, "340"), self.member(self.anna, "0", "coffee"), self.member(self.bert, "20")
        )
        both = (self.anna | self.bert | self.customer).with_user(self.cashier)

        def found(operator, value):
            domain = Domain("id", "in", both.ids) & Domain("loyalty_sidecar_balance", operator, value)
            return both.search(domain)

        self.assertEqual(found(">", 0), both[:2])
        self.assertEqual(found(">=", 100), both[:1])
        self.assertEqual(found("!=", False), both[:2])
        self.assertEqual(found("=", False), both[2:])
        self.assertEqual(found("<", 100), both[1:])
        with self.assertRaises(UserError):
            found(">", "many")
        self.take_sidecar_down()
        self.forget_rows()
        with self.assertRaises(UserError):
            found(">", 0)

    def test_who_does_not_sell_has_no_such_field(self):
        fields = self.anna.with_user(self.env.ref("base.public_user")).sudo(False).fields_get()
        self.assertNotIn("loyalty_sidecar_balance", fields)
        self.assertIn("loyalty_sidecar_balance", self.anna.with_user(self.cashier).fields_get())

    # Redemptions

    def test_redemptions_name_order_till_and_cashier(self):
        self.open_new_session()
        order, _result = self.sync(self.order_data())
        self.sidecar.answers["redemption.list"] = {
            "redemptions": [
                self.redemption("h1", order={"id": order.id, "uuid": order.uuid, "name": order.name}),
                self.redemption("h2", "2026-11-28T10:00:00Z", state="partly_reversed", restored="40"),
            ],
            "next": None,
        }
        redemptions = self.env["loyalty.sidecar.redemption"].with_user(self.cashier)
        first, second = redemptions.search([])
        self.assertEqual((first.order_id, first.config_id, first.user_id), (order, self.config, order.user_id))
        self.assertEqual((first.points, first.discount, first.actor), (100.0, 5.0, "odoo"))
        self.assertEqual((second.order_id.id, second.order_name, second.restored), (False, "Shop/0001", 40.0))
        self.assertEqual(second.config_id, self.config)
        self.assertEqual(first.action_open_order()["res_id"], order.id)
        self.assertFalse(second.action_open_order())
        groups = redemptions.formatted_read_group([], ["config_id"], ["points:sum", "discount:sum"])
        self.assertEqual([(each["points:sum"], each["discount:sum"]) for each in groups], [(200.0, 10.0)])

    def test_redemptions_of_the_days_that_are_looked_at(self):
        def answer(params):
            return {"redemptions": [self.redemption("h1")], "next": None}

        self.sidecar.answers["redemption.list"] = answer
        redemptions = self.env["loyalty.sidecar.redemption"].with_user(self.cashier)
        asked = []
        for domain in (
            [("at", ">=", "2026-11-29 00:00:00"), ("at", "<=", "2026-11-29 23:59:59")],
            [("at", ">=", "2026-11-29 00:00:00"), ("points", ">", 5)],
            # Not every row meets these: all are asked for.
            ["|", ("at", ">=", "2026-11-30 00:00:00"), ("points", ">", 5)],
            [],
        ):
            self.forget_rows()
            self.assertEqual(len(redemptions.search(domain)), 1)
            asked.append(self.sidecar.params_of("redemption.list")[-1])
        self.assertEqual(asked[0]["from"], "2026-11-29T00:00:00Z")
        self.assertIn(asked[0]["to"], ("2026-11-30T00:00:00Z", "2026-11-30T00:00:01Z"))
        self.assertEqual(asked[1:], [{"limit": 500, "from": "2026-11-29T00:00:00Z"}, {"limit": 500}, {"limit": 500}])
        self.forget_rows()
        redemptions.formatted_read_group([("at", ">=", "today")], ["config_id"], ["__count"])
        since = datetime.fromisoformat(self.sidecar.params_of("redemption.list")[-1]["from"])
        self.assertLess(datetime.now(since.tzinfo) - since, timedelta(hours=48))

    def test_redemptions_of_another_company_are_not_shown(self):
        other = self.setup_other_company()["company"]
        theirs = self.env["pos.config"].with_company(other).create({"name": "Their Shop"})
        self.sidecar.answers["redemption.list"] = {
            "redemptions": [self.redemption("h1", pos_config_id=theirs.id), self.redemption("h2")],
            "next": None,
        }
        found = self.env["loyalty.sidecar.redemption"].with_user(self.cashier).search([])
        self.assertEqual(found.config_id, self.config)

    # Exceptions

    def test_exceptions_say_what_to_do_and_are_resolved_with_a_note(self):
        self.set_manager_token(MANAGER_TOKEN)
        resolved = []

        def listed(params):
            state = "resolved" if resolved else "open"
            items = [
                self.exception("x1", state=state, note=resolved and "Lifted", resolved_on_behalf_of="Mara Manager"),
                self.exception("x2", kind="later_kind", partner_id=None, at="2026-11-28T10:00:00Z"),
            ]
            if params.get("state"):
                items = [item for item in items if item["state"] == params["state"]]
            return {"exceptions": items, "next": None}

        self.sidecar.answers["exception.list"] = listed
        self.sidecar.answers["exception.resolve"] = lambda params: resolved.append(params) or {"resolved": True}
        exceptions = self.env["loyalty.sidecar.exception"].with_user(self.manager)
        first, second = exceptions.search([("state", "=", "open")])
        self.assertEqual(self.sidecar.params_of("exception.list")[-1].get("state"), "open")
        self.assertEqual((first.kind_name, first.partner_id), ("Points below zero", self.anna))
        self.assertIn("correction", first.advice)
        self.assertEqual((second.kind_name, second.advice), ("later_kind", False))
        self.assertEqual((first | second).action_resolve()["params"]["ids"], (first | second).ids)
        with self.assertRaises(UserError):
            first.loyalty_sidecar_resolve(" ")
        self.assertEqual(first.loyalty_sidecar_resolve("Lifted \n by hand"), {"ok": True})
        self.assertEqual(
            resolved, [{"exception_id": "x1", "note": "Lifted by hand", "on_behalf_of": "Mara Manager"}]
        )
        self.assertEqual(first.with_context(tag="again").state, "resolved")
        self.assertEqual((first.note, first.resolved_by), ("Lifted", "Mara Manager"))
        self.assertEqual(exceptions.search([("state", "=", "open")]), second)

    def test_exceptions_that_are_open_or_of_a_kind(self):
        items = [
            self.exception("x1"),
            self.exception("x2", kind="limit_exceeded", state="resolved"),
            self.exception("x3", state="resolved"),
        ]

        def listed(params):
            wanted = params.get("state")
            return {"exceptions": [each for each in items if wanted in (None, each["state"])], "next": None}

        self.sidecar.answers["exception.list"] = listed
        exceptions = self.env["loyalty.sidecar.exception"].with_user(self.manager)
        for domain, found, asked in (
            (["|", ("state", "=", "open"), ("kind", "=", "limit_exceeded")], {"x1", "x2"}, None),
            (["!", ("state", "=", "open")], {"x2", "x3"}, None),
            ([("state", "=", "open"), ("kind", "=", "debt")], {"x1"}, "open"),
        ):
            self.forget_rows()
            self.assertEqual(set(exceptions.search(domain).mapped("exception_id")), found)
            # The first of the calls is the search's.
            asked_for = {"limit": 500, **({"state": asked} if asked else {})}
            self.assertIn(asked_for, self.sidecar.params_of("exception.list"))
            self.sidecar.calls.clear()

    def test_exceptions_are_for_managers(self):
        with self.assertRaises(AccessError):
            self.env["loyalty.sidecar.exception"].with_user(self.cashier).search([])
        self.assertEqual(self.sidecar.calls, [])

    # Programs

    def test_programs_in_words_with_their_versions(self):
        self.sidecar.answers["program.list"] = {
            "programs": [
                {"code": "old", "name": "Old", "version": 1, "archived_at": "2026-11-01T00:00:00Z"},
                {"code": "club", "name": "Club", "version": 2, "archived_at": None},
            ]
        }
        self.sidecar.answers["program.get"] = lambda params: {
            "code": "club",
            "version": params.get("version", 2),
            "effective_from": "2026-11-05T10:00:00Z" if params.get("version", 2) == 2 else None,
            "program": {
                "name": f"Club {params.get('version', 2)}",
                "rewards": [{"product_id": self.product.id}],
                "earning": {"rules": [{"scope": {"pos_category_ids": [999999999]}}]},
            },
            **(
                {"description": [{"heading": "Rules", "lines": ["base: 1 point <b>", "visit: 2 points"]}]}
                if params.get("describe")
                else {}
            ),
        }
        programs = self.env["loyalty.sidecar.program"].with_user(self.cashier).search([])
        self.assertEqual(programs.mapped("state"), ["running", "archived"])
        club = programs[0]
        # What the sidecar says is text, whatever is in it.
        self.assertIn("base: 1 point &lt;b&gt;<br/>visit: 2 points", club.description)
        self.assertIn(f"Product Variant {self.product.id}: Lamp", club.description)
        self.assertIn("999999999: not in Odoo", club.description)
        for words in ("Club 1", "Club 2", "the beginning"):
            self.assertIn(words, club.versions)

    def test_a_program_that_cannot_be_read(self):
        self.sidecar.answers["program.list"] = {
            "programs": [{"code": "club", "name": "Club", "version": 1, "archived_at": None}]
        }
        self.sidecar.answers["program.get"] = {
            "code": "club", "version": 1, "effective_from": None, "program": {}, "problem": "It is too large.",
        }
        [club] = self.env["loyalty.sidecar.program"].with_user(self.cashier).search([])
        self.assertIn("It is too large.", club.description)
        self.sidecar.tokens[TOKEN] = "pos"
        club.invalidate_recordset()
        self.assertIn("token create --role viewer", club.description)
