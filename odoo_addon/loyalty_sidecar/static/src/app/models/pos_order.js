import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { patch } from "@web/core/utils/patch";

patch(PosOrder.prototype, {
    get loyaltyLines() {
        return this.lines.filter((line) => line.loyalty_hold_id);
    },

    /** Name and points of each hold, by hold id: {program, name, points}. */
    get loyaltyHolds() {
        return this.loyalty_sidecar_data?.holds || {};
    },

    /** What the receipt says: a list of programs, null when the sidecar could not be asked. */
    get loyaltyReceipt() {
        return this.loyalty_sidecar_data?.receipt;
    },

    setLoyaltyHold(holdId, info) {
        this.loyalty_sidecar_data = {
            ...this.loyalty_sidecar_data,
            holds: { ...this.loyaltyHolds, [holdId]: info },
        };
    },

    forgetLoyaltyHolds(holdIds) {
        const holds = { ...this.loyaltyHolds };
        holdIds.forEach((holdId) => delete holds[holdId]);
        this.loyalty_sidecar_data = { ...this.loyalty_sidecar_data, holds };
    },

    setLoyaltyReceipt(programs) {
        this.loyalty_sidecar_data = { ...this.loyalty_sidecar_data, receipt: programs };
    },

    /** The points its holds of one program redeem, as the sidecar stated them. */
    redeemedPoints(program) {
        const points = this.loyaltyLines
            .map((line) => this.loyaltyHolds[line.loyalty_hold_id])
            .filter((hold) => hold?.program === program)
            .reduce((sum, hold) => sum + Number(hold.points), 0);
        return points.toFixed(2);
    },

    setPartner(partner) {
        // A hold belongs to its customer. The store tells the cashier and gives the points back.
        if (this.partner_id?.id !== (partner || undefined)?.id) {
            for (const line of this.loyaltyLines) {
                line.delete();
            }
        }
        return super.setPartner(...arguments);
    },
});
