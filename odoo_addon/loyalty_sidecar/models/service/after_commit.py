from odoo import api, models

from ...tools.delivery import deliver_in_background
from ...tools.sidecar_client import SidecarError


class LoyaltySidecar(models.AbstractModel):
    """What the service is told once Odoo has committed. A sale never waits for it."""

    _inherit = "loyalty.sidecar"

    @api.model
    def _tell_after_commit(self, calls):
        """Tell the sidecar once this transaction is committed; nothing if it is rolled back."""
        pending = self.env.cr.postcommit.data.get("loyalty_sidecar.calls")
        if pending is not None:
            pending.extend(calls)
            return
        try:
            # Built now: after the commit there is no environment to read settings with.
            client = self._client()
        except SidecarError:
            return
        pending = self.env.cr.postcommit.data["loyalty_sidecar.calls"] = list(calls)

        @self.env.cr.postcommit.add
        def deliver():
            deliver_in_background(client, self._merge_notifications(pending))

    @api.model
    def _merge_notifications(self, calls):
        """One ``sync.notify`` for all orders of the transaction, after everything else."""
        others = [call for call in calls if call[0] != "sync.notify"]
        order_ids = sorted(
            {
                order_id
                for method, params in calls
                if method == "sync.notify"
                for order_id in params["order_ids"]
            }
        )
        return others + ([("sync.notify", {"order_ids": order_ids})] if order_ids else [])
