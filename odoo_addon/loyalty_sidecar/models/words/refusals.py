from contextlib import suppress

from odoo import api, models
from odoo.tools.translate import LazyTranslate

from ...tools.sidecar_client import SidecarRefusal
from ..service.access import CONFIGURE, CORRECT, LOOK

_lt = LazyTranslate(__name__)

# The words of each kind, with figures where the service gave all that the sentence names.
FIGURED = {
    "insufficient_points": _lt("Not enough points: %(required)s needed, %(available)s available."),
    "below_minimum": _lt("Redeeming begins at %(minimum)s points; %(available)s available."),
    "order_too_small": _lt("This order takes %(maximum_points)s points at most."),
}
PLAIN = {
    "insufficient_points": _lt("Not enough points."),
    "below_minimum": _lt("Not enough points to redeem yet."),
    "order_too_small": _lt("The order is too small for this reward."),
    "other_partner": _lt("This reward belongs to another customer."),
    "other_currency": _lt("The order is in another currency than the program."),
    "other_company": _lt("The order is of another company than the program."),
    "other_shop": _lt("The program does not hold in this shop."),
    "outside_dates": _lt("The program does not hold at this time."),
    "too_few_points": _lt("That is too few points to take anything off."),
    "not_enrolled": _lt("The customer has not joined this program."),
    "limit_reached": _lt("The customer has had this reward as often as it is given."),
    "too_many_holds": _lt(
        "The customer has too many rewards on orders that are not paid. Take one off first."
    ),
    "outside_window": _lt("This reward is not given at this time."),
    "nothing_in_scope": _lt("Nothing on the order is what this reward is for."),
    "already_cheaper": _lt("The product costs no more on this order than with the reward."),
    "product_unavailable": _lt("The product of this reward is not available."),
    "program_unreadable": _lt("The rules of this program cannot be read. Ask an administrator."),
    "program_too_large": _lt(
        "The numbers of this program are too large for this order. Ask an administrator."
    ),
    "reward_not_applicable": _lt("This reward cannot be used on this order."),
    "idempotency_conflict": _lt(
        "This was already asked for with other values, and what was asked first holds. "
        "Look at the points, then begin again."
    ),
    "hold_expired": _lt("The reserved points have expired. Take the reward off and redeem again."),
    "hold_captured": _lt("These points have already been redeemed."),
    "hold_released": _lt("These points have already been given back."),
    "hold_of_other_order": _lt("These points are reserved for another order."),
    "unknown_partner": _lt(
        "The loyalty service does not know this customer yet. Try again in a moment."
    ),
    "unknown_program": _lt("This loyalty program no longer exists."),
    "unknown_reward": _lt("This reward no longer exists."),
    "unknown_hold": _lt("The loyalty service does not know this reservation."),
    "unknown_entry": _lt("The loyalty service does not know this entry."),
    "forbidden": _lt("The token in the settings may not do this. Ask an administrator."),
    "unavailable": _lt(
        "The loyalty service cannot answer now. Try again: nothing is ever done twice."
    ),
}


# Not by its key in a call to translate: the key would be taken for a text.
ANY_REWARD = PLAIN["reward_not_applicable"]


class LoyaltySidecar(models.AbstractModel):
    """What a cashier or a manager reads when the service says no, or nothing."""

    _inherit = "loyalty.sidecar"

    @api.model
    def _failure(self, error):
        return {
            "ok": False,
            "error": {
                "kind": error.kind,
                "message": self._words_for_staff(error),
                "data": getattr(error, "data", {}),
            },
        }

    @api.model
    def _words_for_staff(self, error):
        """What a cashier should read: what it means for the sale, and what to do now."""
        if isinstance(error, SidecarRefusal):
            return self._words_of_refusal(error.kind, error.data, error.message)
        if error.kind == "not_configured" and error.missing == "manager token":
            return self.env._(
                "Points cannot be changed from Odoo yet: the settings have no token for managers. "
                "Ask an administrator."
            )
        if error.kind == "not_configured":
            return self.env._("The loyalty service is not set up yet. Ask an administrator.")
        if error.kind in ("unauthorized", "bad_address", "not_a_sidecar", "tls_failed"):
            return self.env._(
                "The loyalty service is not set up correctly. You can keep selling; points will be added later. "
                "Ask an administrator to test the connection in the settings."
            )
        return self.env._(
            "The loyalty service cannot be reached at the moment. Selling works; points will follow."
        )

    @api.model
    def _words_of_refusal(self, kind, figures, fallback=""):
        """Words for a refusal, or for the reason why a reward cannot be had."""
        figures = {
            name: self._format_points(value)
            for name, value in figures.items()
            if isinstance(value, str | int | float)
        }
        # Of a reward that does not fit, the reason says more than the kind.
        if kind == "reward_not_applicable":
            kind = figures.get("reason", kind)
        if kind in FIGURED:
            sentence = self.env._(FIGURED[kind])
            # Not all of its figures came along, or a translation names others: then without.
            with suppress(KeyError, TypeError, ValueError):
                return sentence % figures
        if kind in PLAIN:
            return self.env._(PLAIN[kind])
        return fallback or self.env._(ANY_REWARD)

    @api.model
    def _words_of_missing_right(self, right):
        return {
            LOOK: self.env._("Only users of the Point of Sale may ask for loyalty points."),
            CORRECT: self.env._("Only managers of the Point of Sale may change loyalty points."),
            CONFIGURE: self.env._("Only administrators may test the connection to the loyalty service."),
        }[right]

    @api.model
    def _words_needs_viewer(self):
        return self.env._(
            "To show this, the token in the settings needs the role viewer. An administrator creates one with "
            "“loyalty-sidecar token create --role viewer --name odoo”."
        )
