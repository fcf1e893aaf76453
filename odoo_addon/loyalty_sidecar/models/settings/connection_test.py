from odoo import api, models

from ...tools.sidecar_client import SidecarError
from ..service.access import CONFIGURE

# Whether a token has a role, without doing anything: the role is looked at before the parameters,
# and these have none.
ROLE_PROBES = {
    "viewer": ("exception.list", {"limit": 1}),
    "manager": ("exception.resolve", {}),
    "admin": ("member.transfer", {}),
}


class ResConfigSettings(models.TransientModel):
    """*Test connection*: what works with what is typed, and what to do about the rest."""

    _inherit = "res.config.settings"

    @api.model
    def loyalty_sidecar_test(self, url, token, manager_token, timeout_ms):
        """Say whether the sidecar answers to what is typed, saved or not, and if not, what to do.

        Returns ``[{"level": "success" | "warning" | "danger", "message": …}]``, the connection first.
        """
        self.env["loyalty.sidecar"]._require(CONFIGURE)
        level, message = self._loyalty_sidecar_test_connection(url, token, timeout_ms)
        outcomes = [{"level": level, "message": message}]
        if level != "danger":
            outcomes += [
                {"level": level, "message": message}
                for level, message in (
                    *self._loyalty_sidecar_test_token(url, token, timeout_ms),
                    *self._loyalty_sidecar_test_manager_token(url, manager_token, timeout_ms),
                )
            ]
        return outcomes

    @api.model
    def _loyalty_sidecar_test_connection(self, url, token, timeout_ms):
        sidecar = self.env["loyalty.sidecar"]
        try:
            version = sidecar._client_from(url, token, timeout_ms).call("system.version")
        except SidecarError as error:
            return "danger", sidecar._words_for_admin(error, url)
        if not isinstance(version, dict) or "version" not in version:
            return "danger", sidecar._words_not_a_sidecar(url)
        odoo = version.get("odoo") or {}
        if odoo.get("login_refused"):
            return "warning", self.env._(
                "Connected to loyalty-sidecar %(version)s, but Odoo refuses its login, so no points are earned. "
                "Its API key has ended or was removed: make a new one as its user, "
                "and put it in the place of the old one. "
                "Then run “loyalty-sidecar doctor”.",
                version=version["version"],
            )
        if not odoo.get("reachable"):
            return "warning", self.env._(
                "Connected to loyalty-sidecar %(version)s, but it cannot reach Odoo, so no points are earned. "
                "Check odoo.url, odoo.database, odoo.login and odoo.api_key in its settings; "
                "“loyalty-sidecar doctor” says which one is wrong.",
                version=version["version"],
            )
        return "success", self.env._(
            "Connected to loyalty-sidecar %(version)s, which reads Odoo %(odoo)s.",
            version=version["version"],
            odoo=odoo.get("server_version") or "",
        )

    @api.model
    def _loyalty_sidecar_test_token(self, url, token, timeout_ms):
        """What the first token is too weak or too strong for."""
        roles = self._loyalty_sidecar_roles(url, token, timeout_ms)
        if roles is None:
            return
        if "viewer" not in roles:
            yield (
                "warning",
                self.env._(
                    "The token's role is pos: tills work, but the history explains nothing, and the lists under "
                    "Point of Sale › Loyalty stay empty. Create a token of the role viewer with "
                    "“loyalty-sidecar token create --role viewer --name odoo” and paste it here."
                ),
            )
        elif "manager" in roles:
            yield (
                "warning",
                self.env._(
                    "The token may change points by hand: its role is more than tills need. Create one of the role "
                    "viewer with “loyalty-sidecar token create --role viewer --name odoo” and paste it here."
                ),
            )

    @api.model
    def _loyalty_sidecar_test_manager_token(self, url, token, timeout_ms):
        sidecar = self.env["loyalty.sidecar"]
        if not (token or "").strip():
            yield (
                "success",
                self.env._(
                    "There is no token for managers: points cannot be corrected from Odoo. To allow it, create one "
                    "with “loyalty-sidecar token create --role manager --name "
                    '"odoo managers"” and paste it here.'
                ),
            )
            return
        try:
            sidecar._client_from(url, token, timeout_ms).call("system.version")
        except SidecarError as error:
            words = (
                self.env._("it is mistyped or revoked.")
                if error.kind == "unauthorized"
                else sidecar._words_for_admin(error, url)
            )
            yield (
                "danger",
                self.env._("The token for managers is refused: %(reason)s", reason=words),
            )
            return
        roles = self._loyalty_sidecar_roles(url, token, timeout_ms)
        if roles is None:
            return
        if "manager" not in roles:
            yield (
                "danger",
                self.env._(
                    "The token for managers lacks the role: corrections will be refused. Create one with "
                    '“loyalty-sidecar token create --role manager --name "odoo managers"” and paste it here.'
                ),
            )
        elif "admin" in roles:
            yield (
                "warning",
                self.env._(
                    "The token for managers is an administrator's: it may do more than Odoo needs. Create one with "
                    '“loyalty-sidecar token create --role manager --name "odoo managers"” and paste it here.'
                ),
            )
        else:
            yield "success", self.env._("Managers of the Point of Sale can correct points.")

    @api.model
    def _loyalty_sidecar_roles(self, url, token, timeout_ms):
        """The roles above pos that a token has, or None where that could not be found out."""
        sidecar = self.env["loyalty.sidecar"]
        try:
            client = sidecar._client_from(url, token, timeout_ms)
            answers = client.call_many(list(ROLE_PROBES.values()))
        except SidecarError:
            return None
        kinds = [getattr(answer, "kind", "") for answer in answers]
        if "unavailable" in kinds:
            return None
        return {
            role for role, kind in zip(ROLE_PROBES, kinds, strict=True) if kind != "forbidden"
        }
