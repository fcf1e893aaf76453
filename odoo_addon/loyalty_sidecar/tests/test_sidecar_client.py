from odoo.tests.common import BaseCase, tagged

from ..tools import sidecar_client as client_module
from ..tools.sidecar_client import (
    SidecarBadAddress,
    SidecarClient,
    SidecarNotConfigured,
    SidecarRefusal,
    SidecarTimeout,
    SidecarUnauthorized,
    SidecarUnexpectedAnswer,
    SidecarUnreachable,
)
from .common import LoyaltySidecarCommon
from .fake_sidecar import TOKEN, Refuse


@tagged("post_install", "-at_install")
class TestSidecarClientSettings(BaseCase):
    def test_what_is_missing_is_named(self):
        for url, token, missing in [
            ("", "lsk_a_b", "address"),
            (False, False, "address"),
            ("http://x", " ", "token"),
        ]:
            with self.assertRaises(SidecarNotConfigured) as caught:
                SidecarClient(url, token)
            self.assertEqual(caught.exception.missing, missing)

    def test_an_address_is_of_http(self):
        for url in [
            "127.0.0.1:8070",
            "ftp://127.0.0.1",
            "http://",
            "http://host:port",
            "http://host:0",
        ]:
            with self.subTest(url), self.assertRaises(SidecarBadAddress):
                SidecarClient(url, TOKEN)

    def test_the_path_may_be_given_or_not(self):
        for url in ["http://h:1", "http://h:1/", "http://h:1/jsonrpc", " http://h:1/jsonrpc/ "]:
            self.assertEqual(SidecarClient(url, TOKEN)._endpoint, "http://h:1/jsonrpc")

    def test_a_token_no_header_can_carry(self):
        for token in ["lsk_ä", "lsk_a b", "lsk_a\nX: y"]:
            with self.assertRaises(SidecarUnauthorized):
                SidecarClient("http://h", token)

    def test_the_token_is_never_printed(self):
        self.assertNotIn("secret", repr(SidecarClient("http://h", "lsk_a_secret")))


@tagged("post_install", "-at_install")
class TestSidecarClient(LoyaltySidecarCommon):
    def client(self, seconds=3.0):
        return SidecarClient(self.sidecar.url, TOKEN, seconds)

    def test_call(self):
        self.assertEqual(self.client().call("system.version")["version"], "1.2.3")
        self.assertEqual(self.sidecar.authorizations, [f"Bearer {TOKEN}"])

    def test_a_refusal_keeps_its_figures(self):
        def refuse(params):
            raise Refuse(1001, "insufficient_points", available="20", required="100")

        self.sidecar.answers["loyalty.hold"] = refuse
        with self.assertRaises(SidecarRefusal) as caught:
            self.client().call("loyalty.hold", {})
        self.assertEqual(caught.exception.kind, "insufficient_points")
        self.assertEqual(caught.exception.data["available"], "20")

    def test_a_batch_keeps_its_order_and_its_refusals_apart(self):
        def refuse(params):
            raise Refuse(1104, "unknown_hold")

        self.sidecar.answers["loyalty.capture"] = refuse
        refusal, queued = self.client().call_many(
            [
                ("loyalty.capture", {"hold_id": "x"}),
                ("sync.notify", {"order_ids": [1, 2]}),
            ]
        )
        self.assertEqual(refusal.kind, "unknown_hold")
        self.assertEqual(queued, {"queued": 2})

    def test_a_long_list_goes_in_several_batches(self):
        calls = [
            ("sync.notify", {"order_ids": [each]}) for each in range(client_module.MAX_BATCH + 1)
        ]
        self.assertEqual(len(self.client().call_many(calls)), len(calls))
        self.assertEqual(len(self.sidecar.authorizations), 2)

    def test_down(self):
        self.take_sidecar_down()
        with self.assertRaises(SidecarUnreachable):
            self.client().call("system.version")

    def test_slow(self):
        self.sidecar.mode = "slow"
        with self.assertRaises(SidecarTimeout):
            self.client(0.2).call("system.version")

    def test_unauthorized(self):
        self.sidecar.mode = "unauthorized"
        with self.assertRaises(SidecarUnauthorized):
            self.client().call("system.version")

    def test_something_else_listens_there(self):
        for mode in ("html", "redirect"):
            self.sidecar.mode = mode
            with self.subTest(mode), self.assertRaises(SidecarUnexpectedAnswer):
                self.client().call("system.version")
        self.sidecar.mode = "well"
        for answer in ([], "text", 1):
            self.sidecar._answer = lambda request, answer=answer: answer
            with self.subTest(answer), self.assertRaises(SidecarUnexpectedAnswer):
                self.client().call("system.version")
