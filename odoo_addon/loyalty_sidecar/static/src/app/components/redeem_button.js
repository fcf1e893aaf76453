import { Component } from "@odoo/owl";
import { RedeemDialog } from "@loyalty_sidecar/app/components/redeem_dialog/redeem_dialog";
import { wordsForOffline } from "@loyalty_sidecar/app/utils/words";
import { usePos } from "@point_of_sale/app/hooks/pos_hook";
import { AlertDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";

/** Stands beside the customer's points. It is never disabled: pressed too early, it says what lacks. */
export class RedeemButton extends Component {
    static template = "loyalty_sidecar.RedeemButton";
    static props = {};

    setup() {
        this.pos = usePos();
    }

    get canRedeem() {
        const known = this.pos.loyaltySidecar.of(this.pos.getOrder());
        return Boolean(
            known?.programs.some((program) => program.rewards.some((reward) => reward.applicable))
        );
    }

    onClick() {
        const order = this.pos.getOrder();
        const reason = this.whyNot(order);
        if (reason) {
            this.pos.dialog.add(AlertDialog, { title: _t("Redeem points"), body: reason });
            return;
        }
        this.pos.dialog.add(RedeemDialog, { orderUuid: order.uuid });
    }

    whyNot(order) {
        if (this.pos.data.network.offline) {
            return wordsForOffline();
        }
        if (!order?.getPartner()) {
            return _t("Choose the customer first: the points are theirs.");
        }
        if (typeof order.getPartner().id !== "number") {
            return _t("This customer was created offline and has no points yet.");
        }
        if (order.isRefund) {
            return _t("Points cannot be redeemed on a refund.");
        }
        return "";
    }
}
