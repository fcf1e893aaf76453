"""What may not be had from outside, asked as Odoo's routes ask, by everybody who is not an administrator.

The page itself, and what is asked without a session, are in tests/odoo/specs/outsider.spec.mjs.
"""

import contextlib

from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tests.common import new_test_user, tagged

from .common import LoyaltySidecarCommon
from .fake_sidecar import MANAGER_TOKEN, TOKEN

ADDON = "odoo.addons.loyalty_sidecar."
# Every method of the addon that Odoo lets be called from outside. A new one is listed here, or the test fails.
CALLABLE = {
    "pos.config": {
        "loyalty_sidecar_hold",
        "loyalty_sidecar_receipt",
        "loyalty_sidecar_refresh",
        "loyalty_sidecar_refunded",
        "loyalty_sidecar_release",
        "loyalty_sidecar_would_earn",
    },
    "pos.make.payment": {"check"},
    "loyalty.sidecar.exception": {
        "action_resolve",
        "export_data",
        "loyalty_sidecar_resolve",
        "loyalty_sidecar_state",
    },
    "loyalty.sidecar.listing": {"export_data", "loyalty_sidecar_state"},
    "loyalty.sidecar.member": {"action_open_customer", "export_data", "loyalty_sidecar_state"},
    "loyalty.sidecar.program": {"export_data", "loyalty_sidecar_state"},
    "loyalty.sidecar.redemption": {"action_open_order", "export_data", "loyalty_sidecar_state"},
    "pos.order": {"action_pos_order_paid", "unlink", "write"},
    "pos.order.line": {"unlink"},
    "res.config.settings": {"default_get", "loyalty_sidecar_test"},
    "res.partner": {
        "action_loyalty_sidecar_history",
        "loyalty_sidecar_adjust",
        "loyalty_sidecar_explain",
        "loyalty_sidecar_history",
        "loyalty_sidecar_points",
        "loyalty_sidecar_programs",
    },
    "loyalty.sidecar": set(),
}
# What a till may have the sidecar do: none of these writes points but through a hold.
OF_A_TILL = {
    "loyalty.balance",
    "loyalty.explain",
    "loyalty.history",
    "loyalty.hold",
    "loyalty.quote",
    "loyalty.release",
    "member.list",
    "program.get",
    "program.list",
    "redemption.list",
}


@tagged("post_install", "-at_install")
class TestOutsiders(LoyaltySidecarCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = {"company_id": cls.company.id, "company_ids": [(6, 0, cls.company.ids)]}

        def user(login, groups):
            return new_test_user(cls.env, login, groups=groups, **company)

        cls.portal = user("outsider_portal", "base.group_portal")
        cls.employee = user("outsider_employee", "base.group_user")
        cls.seller = user("outsider_seller", "base.group_user,point_of_sale.group_pos_user")
        cls.manager = user("outsider_manager", "base.group_user,point_of_sale.group_pos_manager")
        cls.administrator = user("insider_administrator", "base.group_user,base.group_system")
        cls.outsiders = cls.portal | cls.employee | cls.seller | cls.manager

    def call(self, user, model, method, *args, **kwargs):
        """What a call of a browser or of JSON-RPC comes to, once its sender is known to be this user."""
        # As of another request: what others have read is not remembered.
        self.forget_rows()
        model = self.env[model].with_user(user).with_context({})  # pylint: disable=context-overridden
        result = call_kw(model, method, list(args), kwargs)
        self.env.flush_all()
        return result

    def ask(self, user, model, method, *args, **kwargs):
        """The result as text, or the error's; what the call changed is undone."""
        answer = []
        try:
            with contextlib.suppress(Undo), self.env.cr.savepoint():
                answer.append(str(self.call(user, model, method, *args, **kwargs)))
                raise Undo
        except Exception as error:  # noqa: BLE001 - whatever it is, its words are what is asked for
            answer.append(f"{type(error).__name__}: {error}")
        self.env.invalidate_all()
        return answer[-1]

    def assertRefused(self, user, model, method, *args, **kwargs):
        with self.subTest(f"{user.login}: {model}.{method}"), self.assertRaises(AccessError):
            self.call(user, model, method, *args, **kwargs)

    def ways_to_the_token(self):
        """Every way to ask for a setting that Odoo has."""
        fields = ["loyalty_sidecar_token", "loyalty_sidecar_manager_token", "loyalty_sidecar_url"]
        domain = [("key", "like", "loyalty_sidecar")]
        parameters = self.env["ir.config_parameter"].search(domain).ids
        settings = self.env["res.config.settings"].create({}).ids
        specification = dict.fromkeys(fields, {})
        for model, ids, names, where in (
            ("res.config.settings", settings, fields, []),
            ("ir.config_parameter", parameters, ["key", "value"], domain),
        ):
            yield model, "default_get", (names,), {}
            yield model, "read", (ids, names), {}
            yield model, "web_read", (ids, dict.fromkeys(names, {})), {}
            yield model, "search_read", (where, names), {}
            yield model, "web_search_read", (where, dict.fromkeys(names, {})), {}
            yield model, "read_group", (where, ["id:count"], [names[-1]]), {}
            yield model, "formatted_read_group", (where, [names[-1]], ["__count"]), {}
            yield model, "export_data", (ids, names), {}
            yield model, "search_count", ([(names[-1], "like", "lsk_")],), {}
            yield model, "name_search", ("lsk_",), {}
            yield model, "copy_data", (ids,), {}
            yield model, "copy", (ids,), {}
        yield "res.config.settings", "onchange", ([], {}, [], specification), {}
        yield "res.config.settings", "default_get", (fields,), {"context": {"uid": 1, "su": True}}
        yield "res.config.settings", "create", ({},), {}
        yield "res.config.settings", "web_save", ([], {}, specification), {}
        yield "ir.config_parameter", "get_param", ("loyalty_sidecar.token",), {}
        yield "ir.config_parameter", "_get_param", ("loyalty_sidecar.token",), {}
        yield "ir.config_parameter", "get_param", ("loyalty_sidecar.manager_token",), {}
        yield "loyalty.sidecar", "_manager_client", (), {}
        yield "ir.default", "_get_model_defaults", ("res.config.settings",), {}
        yield "loyalty.sidecar", "_client", (), {}
        yield "pos.config", "search_read", ([], []), {}
        yield "res.company", "search_read", ([], []), {}

    def test_no_way_of_asking_gives_the_token(self):
        self.set_manager_token(MANAGER_TOKEN)
        ways = list(self.ways_to_the_token())
        for outsider in self.outsiders:
            for model, method, args, kwargs in ways:
                with self.subTest(f"{outsider.login}: {model}.{method}"):
                    answer = self.ask(outsider, model, method, *args, **kwargs)
                    self.assertNotIn(TOKEN, answer)
                    self.assertNotIn(MANAGER_TOKEN, answer)
                    self.assertNotIn(self.sidecar.url, answer)
        # The same questions are good ones: whoever may know is told.
        told = {
            (model, method)
            for model, method, args, kwargs in ways
            if TOKEN in self.ask(self.administrator, model, method, *args, **kwargs)
        }
        for way in (
            ("res.config.settings", "default_get"),
            ("res.config.settings", "onchange"),
            ("ir.config_parameter", "search_read"),
            ("ir.config_parameter", "export_data"),
        ):
            self.assertIn(way, told)

    def test_what_can_be_called_is_listed(self):
        for model, listed in CALLABLE.items():
            ours = {
                name
                for part in type(self.env[model]).mro()
                if part.__module__.startswith(ADDON)
                for name, value in vars(part).items()
                if callable(value) and not name.startswith("_")
            }
            self.assertEqual(ours, listed, model)
        # And no model but these is ours or extended by us.
        extended = {
            name
            for name, model in self.env.registry.items()
            if any(part.__module__.startswith(f"{ADDON}models") for part in model.mro())
        }
        self.assertEqual(extended, set(CALLABLE))

    def test_the_addon_has_no_page_of_its_own(self):
        rules = self.env["ir.http"].routing_map().iter_rules()
        ours = [rule for rule in rules if ADDON in getattr(rule.endpoint, "__module__", "")]
        self.assertEqual(ours, [])

    def calls(self):
        """Every method for tills and forms, with parameters that a cashier's would have."""
        choice = {"idempotency_key": "k", "program": "club", "reward": "5off"}
        till, customer = self.config.ids, self.customer.ids
        return {
            ("pos.config", "loyalty_sidecar_refresh"): (till, self.draft()),
            ("pos.config", "loyalty_sidecar_hold"): (till, self.draft(), choice),
            ("pos.config", "loyalty_sidecar_receipt"): (till, "0b7c1a52-0000-4000-8000-000000000001"),
            ("pos.config", "loyalty_sidecar_refunded"): (till, self.draft()),
            ("pos.config", "loyalty_sidecar_would_earn"): (till, self.draft()),
            ("pos.config", "loyalty_sidecar_release"): (till, ["hold-1"], "line removed"),
            ("res.partner", "loyalty_sidecar_points"): (customer,),
            ("res.partner", "loyalty_sidecar_history"): (customer,),
            ("res.partner", "loyalty_sidecar_explain"): (customer, "entry"),
            ("loyalty.sidecar.member", "loyalty_sidecar_state"): (),
            ("loyalty.sidecar.redemption", "loyalty_sidecar_state"): (),
            ("loyalty.sidecar.program", "loyalty_sidecar_state"): (),
            ("loyalty.sidecar.member", "search_read"): ([], []),
            ("loyalty.sidecar.redemption", "search_read"): ([], []),
            ("loyalty.sidecar.program", "search_read"): ([], []),
        }

    def calls_of_a_manager(self):
        customer = self.customer.ids
        return {
            ("res.partner", "loyalty_sidecar_adjust"): (customer, "key", "club", "5", "Sorry"),
            ("res.partner", "loyalty_sidecar_programs"): (customer,),
            ("loyalty.sidecar.exception", "loyalty_sidecar_state"): (),
            ("loyalty.sidecar.exception", "search_read"): ([], []),
            ("loyalty.sidecar.exception", "loyalty_sidecar_resolve"): ([7], "Dealt with"),
        }

    def test_what_a_manager_may_is_refused_to_all_others(self):
        self.set_manager_token(MANAGER_TOKEN)
        for outsider in self.portal | self.employee | self.seller:
            for (model, method), args in self.calls_of_a_manager().items():
                self.assertRefused(outsider, model, method, *args)
        self.assertEqual(self.sidecar.calls, [])

    def test_no_list_can_be_written(self):
        for outsider in self.outsiders:
            for name in ("member", "redemption", "program", "exception"):
                model = f"loyalty.sidecar.{name}"
                self.assertRefused(outsider, model, "create", {})
                self.assertRefused(outsider, model, "write", [7], {"is_incomplete": True})
                self.assertRefused(outsider, model, "unlink", [7])

    def test_who_does_not_sell_asks_in_vain(self):
        for outsider in self.portal | self.employee:
            for (model, method), args in self.calls().items():
                self.assertRefused(outsider, model, method, *args)
        self.assertEqual(self.sidecar.calls, [])

    def test_who_does_not_sell_searches_by_no_points(self):
        for outsider in self.portal | self.employee:
            for operator, value in ((">", 0), ("=", False), ("!=", False), ("in", [False])):
                domain = [("loyalty_sidecar_balance", operator, value)]
                for method in ("search", "search_count"):
                    self.assertRefused(outsider, "res.partner", method, domain)
        self.assertEqual(self.sidecar.calls, [])
        self.call(self.seller, "res.partner", "search_count", [("loyalty_sidecar_balance", ">", 0)])
        self.assertEqual(len(self.sidecar.params_of("member.list")), 1)

    def test_a_cashier_reaches_nothing_that_writes_points(self):
        for (model, method), args in self.calls().items():
            self.ask(self.seller, model, method, *args)
        for model, methods in CALLABLE.items():
            for method in methods:
                # Whatever else is tried with them: a method of the sidecar's as an argument, nothing at all.
                self.ask(self.seller, model, method, [], "ledger.adjust", {"points": "1000"})
                self.ask(self.seller, model, method, [])
        for method in ("_ask", "_ask_many", "_client", "_client_from", "_tell_after_commit"):
            self.assertRefused(
                self.seller, "loyalty.sidecar", method, "ledger.adjust", {"points": "1000"}
            )
        called = {method for method, _params in self.sidecar.calls}
        self.assertIn("loyalty.hold", called)
        self.assertLessEqual(called, OF_A_TILL)

    def test_a_cashier_does_not_change_the_settings(self):
        for outsider in self.outsiders:
            for model, method, args in (
                ("ir.config_parameter", "set_param", ("loyalty_sidecar.url", "http://elsewhere")),
                ("ir.config_parameter", "create", ({"key": "loyalty_sidecar.x", "value": "x"},)),
                ("res.config.settings", "create", ({"loyalty_sidecar_url": "http://elsewhere"},)),
            ):
                self.assertRefused(outsider, model, method, *args)
        settings = self.env["res.config.settings"].create({"loyalty_sidecar_url": self.sidecar.url})
        self.assertTrue(settings)
        for outsider in self.outsiders:
            self.assertRefused(
                outsider,
                "res.config.settings",
                "loyalty_sidecar_test",
                *("http://elsewhere", TOKEN, "", 500),
            )
        get_param = self.env["ir.config_parameter"].sudo().get_param
        self.assertEqual(get_param("loyalty_sidecar.url"), self.sidecar.url)
        self.assertEqual(self.sidecar.calls, [])

    def test_customers_of_another_company_and_of_all(self):
        other = self.env["res.company"].create({"name": "Another Company"})
        stranger = self.env["res.partner"].create({"name": "Stranger", "company_id": other.id})
        shared = self.env["res.partner"].create({"name": "Shared", "company_id": False})
        # Naming the other company in the context gives no right to it.
        for context in ({}, {"allowed_company_ids": (self.company | other).ids}):
            for method, args in (
                ("loyalty_sidecar_points", ()),
                ("loyalty_sidecar_history", ()),
                ("loyalty_sidecar_explain", ("entry",)),
            ):
                self.assertRefused(
                    self.seller, "res.partner", method, stranger.ids, *args, context=context
                )
            for method in ("loyalty_sidecar_refresh", "loyalty_sidecar_refunded"):
                draft = self.draft(stranger)
                self.assertRefused(
                    self.seller, "pos.config", method, self.config.ids, draft, context=context
                )
        self.assertEqual(self.sidecar.calls, [])
        # A customer of no company is everybody's.
        self.assertTrue(
            self.call(self.seller, "res.partner", "loyalty_sidecar_points", shared.ids)["ok"]
        )
        refresh = ("pos.config", "loyalty_sidecar_refresh", self.config.ids, self.draft(shared))
        self.assertTrue(self.call(self.seller, *refresh)["ok"])

    def test_a_hold_of_another_company_is_not_given_up(self):
        self.open_new_session()
        order, _result = self.sync(self.order_data("hold-of-ours", state="draft"))
        self.assertIn("hold-of-ours", order.lines.mapped("loyalty_hold_id"))
        other = self.setup_other_company()["company"]
        foreigner = new_test_user(
            self.env,
            "outsider_foreigner",
            groups="base.group_user,point_of_sale.group_pos_user",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        theirs = self.env["pos.config"].with_company(other).create({"name": "Their Shop"})
        release = ("pos.config", "loyalty_sidecar_release")
        for till in (theirs, self.config):
            self.assertRefused(foreigner, *release, till.ids, ["hold-of-ours"], "line removed")
        self.assertEqual(self.sidecar.params_of("loyalty.release"), [])
        # One that no order carries yet is the till's own: it has just asked for it.
        self.assertTrue(self.call(foreigner, *release, theirs.ids, ["fresh"], "line removed")["ok"])
        self.assertTrue(
            self.call(self.seller, *release, self.config.ids, ["hold-of-ours"], "removed")["ok"]
        )


class Undo(Exception):
    """Ends a savepoint without keeping it."""
