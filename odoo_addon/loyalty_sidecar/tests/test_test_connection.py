import socket
import ssl
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from odoo.exceptions import AccessError
from odoo.tests.common import tagged

from .common import LoyaltySidecarCommon
from .fake_sidecar import MANAGER_TOKEN, TOKEN, Refuse


@tagged("post_install", "-at_install")
class TestTestConnection(LoyaltySidecarCommon):
    """The button says what is wrong in plain words, and what to do."""

    def press(self, url=None, token=TOKEN, manager_token=MANAGER_TOKEN, timeout_ms=500):
        """What it says of the connection, and below that of the tokens."""
        first, *others = self.env["res.config.settings"].loyalty_sidecar_test(
            self.sidecar.url if url is None else url, token, manager_token, timeout_ms
        )
        self.others = [(each["level"], each["message"]) for each in others]
        return first["level"], first["message"]

    def assert_says(self, outcome, kind, *words):
        self.assertEqual(outcome[0], kind, outcome[1])
        for word in words:
            self.assertIn(word, outcome[1])

    def test_well(self):
        self.assert_says(self.press(), "success", "1.2.3", "19.0")
        [managers] = self.others
        self.assert_says(managers, "success", "Managers of the Point of Sale can correct points")

    def test_what_is_typed_counts_and_nothing_is_saved(self):
        self.set_parameters("http://127.0.0.1:1", "lsk_stored")
        self.assert_says(self.press(), "success", "1.2.3")
        get_param = self.env["ir.config_parameter"].sudo().get_param
        self.assertEqual(get_param("loyalty_sidecar.token"), "lsk_stored")
        self.assertEqual(set(self.sidecar.authorizations), {f"Bearer {TOKEN}", f"Bearer {MANAGER_TOKEN}"})

    def test_for_administrators_alone(self):
        for user in (self.cashier, self.manager):
            with self.assertRaises(AccessError):
                self.env["res.config.settings"].with_user(user).loyalty_sidecar_test(
                    self.sidecar.url, TOKEN, "", 500
                )
        self.assertEqual(self.sidecar.calls, [])

    def test_not_set(self):
        self.assert_says(
            self.press(url=""), "danger", "address is not set", "http://127.0.0.1:8070"
        )
        self.assert_says(
            self.press(token=""), "danger", "token is not set", "token create --role viewer"
        )

    def test_no_address(self):
        self.assert_says(self.press(url="127.0.0.1:8070"), "danger", "is not an address", "http://")

    def test_down(self):
        self.take_sidecar_down()
        self.assert_says(self.press(), "danger", "Nobody answers", self.sidecar.url)
        https = self.sidecar.url.replace("http:", "https:")
        self.assert_says(self.press(url=https), "danger", "Nobody answers")

    def test_slow(self):
        self.sidecar.mode = "slow"
        self.assert_says(self.press(timeout_ms=200), "danger", "did not answer in time", "readyz")

    def test_https_to_a_port_without_tls(self):
        https = self.sidecar.url.replace("http:", "https:")
        self.assert_says(self.press(url=https), "danger", "does not speak https", "http://")
        # The token is not sent where nobody asked to send it in the clear.
        self.assertEqual(self.sidecar.authorizations, [])

    def test_http_to_a_port_with_tls_and_a_certificate_that_nobody_trusts(self):
        port = self.tls_server()
        self.assert_says(
            self.press(url=f"http://127.0.0.1:{port}"), "danger", "speaks https only", "https://"
        )
        self.assert_says(
            self.press(url=f"https://127.0.0.1:{port}"), "danger", "certificate", "not trusted"
        )

    def tls_server(self):
        """A port that does TLS with a certificate of its own making; what is said after that is dropped."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        certificate, key = Path(folder.name, "certificate.pem"), Path(folder.name, "key.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=elsewhere"]
            + ["-days", "2", "-keyout", str(key), "-out", str(certificate)],
            check=True,
            capture_output=True,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve():
            while True:
                try:
                    plain, _address = listener.accept()
                except OSError:
                    return
                try:
                    context.wrap_socket(plain, server_side=True).close()
                except OSError:
                    plain.close()

        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1]

    def test_token_refused(self):
        self.assert_says(
            self.press(token="lsk_of_another"), "danger", "refuses the token", "token create"
        )

    def test_wrong_role(self):
        def forbid(params):
            raise Refuse(1301, "forbidden")

        self.sidecar.answers["system.version"] = forbid
        self.assert_says(self.press(), "danger", "role", "--role viewer")

    def test_what_each_token_is_too_weak_or_too_strong_for(self):
        for role, level, words in [
            ("pos", "warning", "role is pos"),
            ("manager", "warning", "more than tills need"),
            ("admin", "warning", "more than tills need"),
        ]:
            self.sidecar.tokens[TOKEN] = role
            self.assert_says(self.press(), "success", "1.2.3")
            self.assert_says(self.others[0], level, words, "--role viewer")
        self.sidecar.tokens[TOKEN] = "viewer"
        for role, level, words in [
            ("pos", "danger", "lacks the role"),
            ("viewer", "danger", "lacks the role"),
            ("admin", "warning", "may do more than Odoo needs"),
        ]:
            self.sidecar.tokens[MANAGER_TOKEN] = role
            self.press()
            self.assert_says(self.others[0], level, words, "--role manager")
        self.press(manager_token="lsk_mistyped")
        self.assert_says(self.others[0], "danger", "token for managers is refused", "mistyped")
        self.press(manager_token="")
        self.assert_says(self.others[0], "success", "no token for managers", "--role manager")

    def test_where_the_roles_cannot_be_found_out_it_says_nothing_of_them(self):
        def refuse(params):
            raise Refuse(1401, "unavailable")

        def late(params):
            time.sleep(1)

        for answer in (refuse, late):
            self.sidecar.answers["exception.list"] = answer
            self.assert_says(self.press(timeout_ms=300), "success", "1.2.3")
            self.assertEqual(self.others, [])

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
                "loyalty_sidecar_manager_token": "lsk_for_managers",
                "loyalty_sidecar_timeout_ms": 700,
            }
        ).execute()
        client = self.env["loyalty.sidecar"]._client()
        self.assertEqual((client.url, client._timeout[1]), ("http://127.0.0.1:1", 0.7))
        self.assertEqual(client._token, "lsk_new")
        client = self.env["loyalty.sidecar"].with_user(self.manager)._manager_client()
        self.assertEqual(client._token, "lsk_for_managers")

    def test_a_mistyped_timeout_cannot_hang_the_shop(self):
        for stored, seconds in [("600000", 10.0), ("1", 0.2), ("abc", 3.0), ("0", 3.0)]:
            self.set_parameters(self.sidecar.url, TOKEN, stored)
            self.assertEqual(self.env["loyalty.sidecar"]._client()._timeout[1], seconds)
