import { LoyaltySidecar } from "@loyalty_sidecar/app/services/loyalty_sidecar";
import { completeReceipt } from "@loyalty_sidecar/app/utils/late_receipt";
import { guardMovedLines } from "@loyalty_sidecar/app/utils/moved_lines";
import { strayRewards } from "@loyalty_sidecar/app/utils/stray_rewards";
import { PosStore } from "@point_of_sale/app/services/pos_store";
import { AlertDialog, ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

patch(PosStore.prototype, {
    async setup() {
        // Before super: it loads the orders, and their screens read this.
        this.loyaltySidecar = new LoyaltySidecar(this);
        guardMovedLines();
        await super.setup(...arguments);
    },

    setPartnerToCurrentOrder() {
        const order = this.getOrder();
        const rewards = order?.loyaltyLines.length;
        super.setPartnerToCurrentOrder(...arguments);
        if (rewards && !order.loyaltyLines.length) {
            this.notification.add(
                _t("The reward was taken off: it belonged to the customer chosen before.")
            );
        }
        this.loyaltySidecar.orderChanged(order);
    },

    async deleteOrders(orders) {
        const holds = orders.flatMap((order) =>
            order && !order.finalized
                ? [...new Set(order.loyaltyLines.map((line) => line.loyalty_hold_id))]
                : []
        );
        const deleted = await super.deleteOrders(...arguments);
        if (deleted && holds.length) {
            // The server does the same for an order it knows; to release twice is to release once.
            this.loyaltySidecar.release(holds, "order cancelled");
        }
        return deleted;
    },

    async syncAllOrders() {
        const work = super.syncAllOrders(...arguments);
        this.loyaltySidecar.follower.saving(work);
        return work;
    },

    async setDiscountFromUI(line) {
        if (line.loyalty_hold_id) {
            return this.refuseLoyaltyEdit();
        }
        return super.setDiscountFromUI(...arguments);
    },

    async pay() {
        const order = this.getOrder();
        if (order && !order.finalized) {
            this.loyaltySidecar.watchRewards(order);
            if (!(await this.settleLoyaltyRewards(order))) {
                return;
            }
        }
        if (this.refuseStrayRewards(order) || this.refuseTooLargeDiscount(this.getOrder())) {
            return;
        }
        return super.pay(...arguments);
    },

    async printReceipt({ order = this.getOrder() } = {}) {
        await completeReceipt(this, order);
        return super.printReceipt(...arguments);
    },

    /** Whether every reward of the order is what fits it now. */
    async settleLoyaltyRewards(order) {
        const reason = await this.loyaltySidecar.follower.settle(order);
        if (reason) {
            this.dialog.add(AlertDialog, { title: _t("The reward is not confirmed yet"), body: reason });
        }
        return !reason;
    },

    refuseLoyaltyEdit() {
        this.numberBuffer.reset();
        this.dialog.add(AlertDialog, {
            title: _t("A reward cannot be changed"),
            body: _t(
                "Its discount belongs to the points reserved for it. Remove the line and redeem again instead."
            ),
        });
    },

    /** No order is paid with a reward whose points are reserved for nobody, or for somebody else. */
    refuseStrayRewards(order) {
        const strays = strayRewards(order);
        if (!strays.length) {
            return false;
        }
        const names = [...new Set(strays.map((line) => line.getFullProductName()))].join(", ");
        this.dialog.add(ConfirmationDialog, {
            title: _t("A reward without its points"),
            body: _t(
                "No points of this order's customer are reserved for: %s. Take it off, then redeem again for the customer of this order.",
                names
            ),
            confirmLabel: _t("Take it off"),
            confirm: () => {
                strayRewards(order).forEach((line) => line.delete());
                this.loyaltySidecar.orderChanged(order);
            },
            cancelLabel: _t("Back"),
            cancel: () => {},
        });
        return true;
    },

    refuseTooLargeDiscount(order) {
        if (!order || !this.loyaltySidecar.isDiscountTooLarge(order)) {
            return false;
        }
        this.dialog.add(AlertDialog, {
            title: _t("The discount is larger than the order"),
            body: _t("Remove the reward, or add products, before the customer pays."),
        });
        return true;
    },
});
