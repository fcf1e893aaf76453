import { Component, useEffect } from "@odoo/owl";
import { RedeemButton } from "@loyalty_sidecar/app/components/redeem_button";
import { formatPoints, formatTakenBack, gives, hasPoints, sumOf } from "@loyalty_sidecar/common/points";
import { usePos } from "@point_of_sale/app/hooks/pos_hook";

/**
 * The customer's points beside the order, what the order will earn, and Redeem. It also watches the order.
 *
 * Redeem stands here and not among Odoo's buttons: their row has no room to spare in a restaurant.
 */
export class LoyaltyPanel extends Component {
    static template = "loyalty_sidecar.LoyaltyPanel";
    static components = { RedeemButton };
    static props = {};

    setup() {
        this.pos = usePos();
        this.formatPoints = formatPoints;
        this.hasPoints = hasPoints;
        this.formatTakenBack = formatTakenBack;
        this.gives = gives;
        this.sumOf = sumOf;
        useEffect(
            () => this.sidecar.orderChanged(this.order),
            () => [
                this.order?.uuid,
                this.sidecar.signatureOf(this.order),
                this.sidecar.wouldEarn.signatureOf(this.order),
            ]
        );
    }

    get sidecar() {
        return this.pos.loyaltySidecar;
    }

    get order() {
        return this.pos.getOrder();
    }

    /** Read while rendering, so that a change of the order renders this again, and so asks anew. */
    get signature() {
        return this.sidecar.signatureOf(this.order) || this.sidecar.wouldEarn.signatureOf(this.order);
    }

    /** What this order would earn for somebody, while it is nobody's. */
    get wouldEarn() {
        return this.sidecar.wouldEarn.of(this.order);
    }

    get known() {
        return this.sidecar.of(this.order);
    }
}
