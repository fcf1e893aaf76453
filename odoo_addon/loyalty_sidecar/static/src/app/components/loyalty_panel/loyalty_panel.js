import { Component, useEffect } from "@odoo/owl";
import { formatPoints, formatTakenBack, gives, hasPoints } from "@loyalty_sidecar/common/points";
import { usePos } from "@point_of_sale/app/hooks/pos_hook";

/** The customer's points beside the order, and what the order will earn. It also watches the order. */
export class LoyaltyPanel extends Component {
    static template = "loyalty_sidecar.LoyaltyPanel";
    static props = {};

    setup() {
        this.pos = usePos();
        this.formatPoints = formatPoints;
        this.hasPoints = hasPoints;
        this.formatTakenBack = formatTakenBack;
        this.gives = gives;
        useEffect(
            () => this.sidecar.orderChanged(this.order),
            () => [this.order?.uuid, this.sidecar.signatureOf(this.order)]
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
        return this.sidecar.signatureOf(this.order);
    }

    get known() {
        return this.sidecar.of(this.order);
    }
}
