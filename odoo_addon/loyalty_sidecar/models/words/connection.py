from odoo import api, models

from ...tools.connection_probe import speaks_plain_http, speaks_tls


class LoyaltySidecar(models.AbstractModel):
    """What an administrator reads of a connection that does not work, and what to do about it."""

    _inherit = "loyalty.sidecar"

    @api.model
    def _words_for_admin(self, error, url):
        """What is wrong with the connection and what to do about it."""
        if error.kind == "not_configured":
            if error.missing == "token":
                return self.env._(
                    "The token is not set. Create one with "
                    "“loyalty-sidecar token create --role viewer --name odoo” and paste it here."
                )
            return self.env._(
                "The address is not set. Enter where loyalty-sidecar listens, e.g. http://127.0.0.1:8070."
            )
        if error.kind == "bad_address":
            return self.env._(
                "“%(url)s” is not an address. It begins with http:// or https://.", url=url
            )
        if error.kind == "timeout" and not self._is_tls_port(url):
            return self.env._(
                "%(url)s took the connection but did not answer in time. Look at the sidecar's log and its "
                "/readyz page; if it is only slow, raise the timeout.",
                url=url,
            )
        if error.kind == "unauthorized":
            return self.env._(
                "The sidecar refuses the token: it is mistyped or revoked. Create a new one with "
                "“loyalty-sidecar token create --role viewer --name odoo” and paste it here."
            )
        if error.kind == "forbidden":
            return self.env._(
                "The sidecar knows the token, but its role may not do this. Create one with "
                "“loyalty-sidecar token create --role viewer --name odoo” and paste it here."
            )
        if error.kind in ("tls_failed", "unreachable", "timeout", "not_a_sidecar") or error.kind.startswith(
            "rpc_"
        ):
            return self._words_of_transport(error, url)
        return self.env._("The sidecar answered: %(message)s", message=str(error))

    @api.model
    def _words_of_transport(self, error, url):
        """Who listens there, and in which language: http and https are easily mistaken for each other."""
        if error.kind == "tls_failed" and error.reason == "certificate":
            return self.env._(
                "The certificate of %(url)s is not trusted: it is self-signed, has expired, or is for another name. "
                "Use a certificate that the Odoo server trusts, and the name it was made for.",
                url=url,
            )
        if url.lower().strip().startswith("https") and speaks_plain_http(url):
            return self.env._(
                "The port of %(url)s does not speak https. Begin the address with http://, or enter the "
                "address of the TLS proxy before loyalty-sidecar.",
                url=url,
            )
        if error.kind == "tls_failed":
            return self.env._(
                "No encrypted connection to %(url)s could be made. If loyalty-sidecar listens there without a TLS "
                "proxy, begin the address with http://.",
                url=url,
            )
        if self._is_tls_port(url):
            return self.env._(
                "The port of %(url)s speaks https only. Begin the address with https://.", url=url
            )
        if error.kind == "unreachable":
            return self.env._(
                "Nobody answers at %(url)s. Check that loyalty-sidecar runs, that the address and port "
                "are right as seen from the Odoo server, and that no firewall is between them.",
                url=url,
            )
        return self._words_not_a_sidecar(url)

    @api.model
    def _is_tls_port(self, url):
        return url.lower().strip().startswith("http:") and speaks_tls(url.strip())

    @api.model
    def _words_not_a_sidecar(self, url):
        return self.env._(
            "Something answers at %(url)s, but it is not loyalty-sidecar. Check the port and the path.",
            url=url,
        )
