from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.tests.common import new_test_user, tagged

from .common import LoyaltySidecarCommon
from .fake_sidecar import Refuse


@tagged("post_install", "-at_install")
class TestPosReceipt(LoyaltySidecarCommon):
    """The figures of a receipt that was printed without them."""

    def setUp(self):
        super().setUp()
        self.open_new_session()
        self.sale, _result = self.sync(self.order_data("hold-1"))
        self.sale.loyalty_sidecar_data = {"receipt": None, "holds": {"hold-1": {"points": "100"}}}
        self.env.cr.postcommit.clear()

    def entry(self, kind, points, balance_after, uuid=None, **values):
        return {
            "kind": kind,
            "program": "club",
            "points": points,
            "balance_after": balance_after,
            "recorded_at": "2999-01-01T00:00:00Z",
            "cause": {"model": "pos.order", "uuid": uuid or self.sale.uuid},
            **values,
        }

    def pages(self, *pages):
        """The history in pages; `before` is the number of the page."""

        def answer(params):
            page = int(params.get("before") or 0)
            following = str(page + 1) if page + 1 < len(pages) else None
            return {"entries": pages[page], "next": following}

        self.sidecar.answers["loyalty.history"] = answer

    def receipt(self, user=None):
        return self.till(user).loyalty_sidecar_receipt(self.sale.uuid)

    FIGURES = {
        "program": "club",
        "name": "Club",
        "points_name": "points",
        "earned": "20",
        "redeemed": "100",
        "total": "40.00",
    }

    def test_the_figures_are_the_sales_own_and_are_kept(self):
        self.pages(
            [
                self.entry("earn", "500", "540.00", uuid="a later sale"),
                self.entry("earn", "20", "40.00"),
                self.entry("redeem", "-100", "20.00"),
                self.entry("adjust", "120", "120.00", uuid="before"),
            ]
        )
        self.assertEqual(self.receipt(), {"ok": True, "programs": [self.FIGURES]})
        self.assertEqual(self.sale.loyalty_sidecar_data["receipt"], [self.FIGURES])
        self.assertEqual(self.sale.loyalty_sidecar_data["holds"], {"hold-1": {"points": "100"}})
        # The next print need not ask.
        self.take_sidecar_down()
        self.assertEqual(self.receipt(), {"ok": True, "programs": [self.FIGURES]})

    def test_a_sale_of_long_ago_is_found_further_back(self):
        self.pages(
            [self.entry("earn", "1", "41.00", uuid="later")],
            [self.entry("earn", "20", "40.00"), self.entry("redeem", "-100", "20.00")],
        )
        self.assertEqual(self.receipt()["programs"], [self.FIGURES])

    def test_no_further_back_than_the_sale(self):
        self.pages([self.entry("earn", "1", "1.00", uuid="x", recorded_at="2001-01-01T00:00:00Z")], [])
        self.assertEqual(self.receipt(), {"ok": True, "programs": []})
        self.assertEqual(len(self.sidecar.params_of("loyalty.history")), 1)

    def test_half_of_the_figures_is_not_said(self):
        self.pages([self.entry("redeem", "-100", "20.00")])
        self.assertEqual(self.receipt(), {"ok": True, "programs": []})
        self.assertIsNone(self.sale.loyalty_sidecar_data["receipt"])
        # It earned nothing, then.
        self.sale.date_order -= timedelta(minutes=11)
        self.assertEqual(
            self.receipt()["programs"], [{**self.FIGURES, "earned": "0", "total": "20.00"}]
        )

    def test_the_sidecar_is_away(self):
        self.sidecar.answers["loyalty.history"] = lambda _params: self.refuse()
        self.assertFalse(self.receipt()["ok"])
        self.assertIsNone(self.sale.loyalty_sidecar_data["receipt"])

    @staticmethod
    def refuse():
        raise Refuse(1401, "unavailable")

    def test_only_paid_orders_with_a_customer(self):
        self.sale.partner_id = False
        self.assertEqual(self.receipt(), {"ok": True, "programs": []})
        self.assertEqual(self.till().loyalty_sidecar_receipt("no such"), {"ok": True, "programs": []})
        self.assertEqual(self.sidecar.calls, [])

    def test_only_the_till_asks(self):
        stranger = new_test_user(self.env, "no_till", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.receipt(stranger)
