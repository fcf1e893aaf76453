import { takeOff } from "@loyalty_sidecar/app/utils/reward_lines";
import { PosStore } from "@point_of_sale/app/services/pos_store";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { patch } from "@web/core/utils/patch";

let isGuarded = false;

/**
 * Keeps rewards from moving to another order: a hold is good for its own order alone.
 *
 * Splitting and merging are pos_restaurant's, which need not be installed and may be loaded after this
 * addon. So this is called when the till starts, when every module is there.
 */
export function guardMovedLines() {
    if (isGuarded) {
        return;
    }
    isGuarded = true;
    const splitting = registry.category("pos_pages").get("SplitBillScreen", null);
    if (splitting) {
        patch(splitting.component.prototype, splitBillScreen);
    }
    if (PosStore.prototype.mergeOrders) {
        patch(PosStore.prototype, mergingStore);
    }
}

const quantityOf = (lines) => lines.reduce((sum, line) => sum + line.qty, 0);

const splitBillScreen = {
    onClickLine(line) {
        if (line.loyalty_hold_id) {
            this.pos.notification.add(
                _t("A reward stays with its order, whose customer's points are reserved for it.")
            );
            return;
        }
        return super.onClickLine(...arguments);
    },

    /** Counts only what can be chosen. Choosing all of that splits nothing off. */
    get totOrderQty() {
        const rewards = this.currentOrder.loyaltyLines.filter(
            (line) => line.isGlobalDiscountApplicable()
        );
        return super.totOrderQty - quantityOf(rewards);
    },

    async createSplittedOrder() {
        const rest = this.totOrderQty - this.getNumberOfProducts();
        if (this.currentOrder.loyaltyLines.length && rest <= 0) {
            this.pos.notification.add(
                _t(
                    "The reward would be left alone. Leave some of the products with it, or take it off the order first."
                ),
                { type: "warning" }
            );
            return;
        }
        return super.createSplittedOrder(...arguments);
    },

    async handleDiscountLines(originalOrder) {
        const result = await super.handleDiscountLines(...arguments);
        // Before both orders are saved: what is left may be too little for the reward.
        this.pos.loyaltySidecar.watchRewards(originalOrder);
        return result;
    },
};

const mergingStore = {
    async mergeOrders(sourceOrder) {
        // Before any line moves: what has moved is remembered line by line, for the tables to be parted again.
        leaveRewards(this, sourceOrder);
        return super.mergeOrders(...arguments);
    },

    async restoreOrdersToOriginalTable(order) {
        const parted = await super.restoreOrdersToOriginalTable(...arguments);
        if (parted) {
            this.loyaltySidecar.watchRewards(order);
        }
        return parted;
    },
};

/** Take the rewards off an order whose lines go to another one, and say so. */
function leaveRewards(pos, order) {
    const holds = [...new Set(order.loyaltyLines.map((line) => line.loyalty_hold_id))];
    if (!holds.length) {
        return;
    }
    const names = holds.map((holdId) => order.loyaltyHolds[holdId]?.name).filter(Boolean);
    holds.forEach((holdId) => takeOff(order, holdId));
    pos.loyaltySidecar.dropLostHolds(order);
    pos.notification.add(
        _t(
            "Taken off, because a reward belongs to one order and its customer: %s. The points are free again; redeem on the order that is left.",
            names.join(", ")
        ),
        { type: "warning" }
    );
}
