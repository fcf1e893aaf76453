import { takeOff } from "@loyalty_sidecar/app/utils/reward_lines";
import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { patch } from "@web/core/utils/patch";

patch(PosOrder.prototype, {
    get loyaltyLines() {
        return this.lines.filter((line) => line.loyalty_hold_id);
    },

    /** What each hold granted, by hold id (see reward_lines.js). */
    get loyaltyHolds() {
        return this.loyalty_sidecar_data?.holds || {};
    },

    /** What the receipt says: a list of programs, null when the sidecar could not be asked. */
    get loyaltyReceipt() {
        return this.loyalty_sidecar_data?.receipt;
    },

    setLoyaltyHold(holdId, grant) {
        this.loyalty_sidecar_data = {
            ...this.loyalty_sidecar_data,
            holds: { ...this.loyaltyHolds, [holdId]: grant },
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

    /** What the receipt says to who takes part in none of these programs. */
    get loyaltyWouldEarn() {
        return this.loyalty_sidecar_data?.would_earn || [];
    },

    setLoyaltyWouldEarn(programs) {
        if (programs.length || this.loyaltyWouldEarn.length) {
            const would_earn = programs.map(({ program, name, points_name, would_earn }) => ({
                program,
                name,
                points_name,
                would_earn,
            }));
            this.loyalty_sidecar_data = { ...this.loyalty_sidecar_data, would_earn };
        }
    },

    /** The points its holds of one program redeem, as the sidecar stated them. */
    redeemedPoints(program) {
        const points = [...new Set(this.loyaltyLines.map((line) => line.loyalty_hold_id))]
            .map((holdId) => this.loyaltyHolds[holdId])
            .filter((hold) => hold?.program === program)
            .reduce((sum, hold) => sum + Number(hold.points), 0);
        return points.toFixed(2);
    },

    removeOrderline(line) {
        // A reward is had whole or not at all: its other lines go with it.
        const holdId = line.loyalty_hold_id;
        const result = super.removeOrderline(...arguments);
        if (holdId) {
            takeOff(this, holdId);
            this.selectOrderline(this.getLastOrderline());
        }
        return result;
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
