from odoo.tests.common import tagged

from .common import LoyaltySidecarCommon
from .fake_sidecar import TOKEN, Refuse


@tagged("post_install", "-at_install")
class TestTestConnection(LoyaltySidecarCommon):
    """The button says what is wrong in plain words, and what to do."""

    def press(self, url=None, token=TOKEN, timeout_ms=500):
        settings = self.env["res.config.settings"].create(
            {
                "loyalty_sidecar_url": self.sidecar.url if url is None else url,
                "loyalty_sidecar_token": token,
                "loyalty_sidecar_timeout_ms": timeout_ms,
            }
        )
        notification = settings.action_loyalty_sidecar_test()["params"]
        return notification["type"], notification["message"]

    def assert_says(self, outcome, kind, *words):
        self.assertEqual(outcome[0], kind, outcome[1])
        for word in words:
            self.assertIn(word, outcome[1])

    def test_well(self):
        self.assert_says(self.press(), "success", "1.2.3", "19.0")

    def test_not_set(self):
        self.assert_says(
            self.press(url=""), "danger", "address is not set", "http://127.0.0.1:8070"
        )
        self.assert_says(
            self.press(token=""), "danger", "token is not set", "token create --role pos"
        )

    def test_no_address(self):
        self.assert_says(self.press(url="127.0.0.1:8070"), "danger", "is not an address", "http://")

    def test_down(self):
        self.take_sidecar_down()
        self.assert_says(self.press(), "danger", "Nobody answers", self.sidecar.url)

    def test_slow(self):
        self.sidecar.mode = "slow"
        self.assert_says(self.press(timeout_ms=200), "danger", "did not answer in time", "readyz")

    def test_token_refused(self):
        self.assert_says(
            self.press(token="lsk_of_another"), "danger", "refuses the token", "token create"
        )

    def test_wrong_role(self):
        def forbid(params):
            raise Refuse(1301, "forbidden")

        self.sidecar.answers["system.version"] = forbid
        self.assert_says(self.press(), "danger", "role", "--role pos")

    def test_not_a_sidecar(self):
        self.sidecar.mode = "html"
        self.assert_says(self.press(), "danger", "not loyalty-sidecar", "port")

    def test_json_rpc_but_not_a_sidecar(self):
        # Odoo itself speaks JSON-RPC at the same path, and is the likeliest mistake.
        self.sidecar.answers["system.version"] = None
        self.assert_says(self.press(), "danger", "not loyalty-sidecar")
        self.sidecar.answers["system.version"] = {"server_version": "19.0"}
        self.assert_says(self.press(), "danger", "not loyalty-sidecar")

    def test_odoo_unreachable_from_the_sidecar(self):
        self.sidecar.answers["system.version"] = {
            "version": "1.2.3",
            "odoo": {"reachable": False, "server_version": None},
        }
        self.assert_says(self.press(), "warning", "cannot reach Odoo", "doctor")

    def test_login_refused_by_odoo(self):
        self.sidecar.answers["system.version"] = {
            "version": "1.2.3",
            "odoo": {"reachable": False, "server_version": "19.0", "login_refused": True},
        }
        self.assert_says(self.press(), "warning", "refuses its login", "API key", "doctor")

    def test_settings_are_kept(self):
        self.env["res.config.settings"].create(
            {
                "loyalty_sidecar_url": " http://127.0.0.1:1 ",
                "loyalty_sidecar_token": "lsk_new",
                "loyalty_sidecar_timeout_ms": 700,
            }
        ).execute()
        client = self.env["loyalty.sidecar"]._client()
        self.assertEqual((client.url, client._timeout[1]), ("http://127.0.0.1:1", 0.7))

    def test_a_mistyped_timeout_cannot_hang_the_shop(self):
        for stored, seconds in [("600000", 10.0), ("1", 0.2), ("abc", 3.0), ("0", 3.0)]:
            self.set_parameters(self.sidecar.url, TOKEN, stored)
            self.assertEqual(self.env["loyalty.sidecar"]._client()._timeout[1], seconds)
