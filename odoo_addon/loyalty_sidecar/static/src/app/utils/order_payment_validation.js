import { completeRefundReceipt, prepareReceipt } from "@loyalty_sidecar/app/services/receipts";
import OrderPaymentValidation from "@point_of_sale/app/utils/order_payment_validation";
import { AlertDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

patch(OrderPaymentValidation.prototype, {
    setup(values) {
        const order = values.pos.models["pos.order"].getBy("uuid", values.orderUuid);
        const before = new Set(order.payment_ids.map(({ uuid }) => uuid));
        // What the cashier sees, and what the payment is for.
        this.loyaltyTotal = order.priceIncl;
        super.setup(...arguments);
        // The payment of a quick button, which is on the order before anything is checked.
        this.loyaltyQuickLine =
            values.fastPaymentMethod && order.payment_ids.find(({ uuid }) => !before.has(uuid));
    },

    async validateOrder() {
        const { follower } = this.pos.loyaltySidecar;
        // A quick payment comes here without the payment screen; on that one, time may have gone by.
        this.pos.loyaltySidecar.watchRewards(this.order);
        if (!(await this.pos.settleLoyaltyRewards(this.order))) {
            this.withdrawQuickPayment();
            return false;
        }
        return follower.whileValidating(this.order, () => this.validateSettled(() => super.validateOrder(...arguments)));
    },

    /** The rewards are what fits now, and stay so until the order is paid. */
    async validateSettled(validate) {
        try {
            await prepareReceipt(this.pos.loyaltySidecar, this.order);
        } catch (error) {
            // The receipt lacks its points; the sale goes on.
            console.warn("loyalty_sidecar: no figures for the receipt", error);
        }
        if (!this.payTheTotal()) {
            return false;
        }
        const result = await validate();
        if (this.order.finalized) {
            // Not awaited: the receipt is on the screen, and says more when there is more to say.
            completeRefundReceipt(this.pos.loyaltySidecar, this.order).catch((error) =>
                console.warn("loyalty_sidecar: no figures for the refund", error)
            );
        }
        return result;
    },

    /**
     * Whether what is paid in is for the total as it is now. The rewards may have changed it since: a quick payment is
     * set to the new one; what the cashier entered is for the cashier to check.
     */
    payTheTotal() {
        const { order } = this;
        if (order.currency.isZero(order.priceIncl - this.loyaltyTotal) || !order.payment_ids.length) {
            return true;
        }
        const total = this.pos.env.utils.formatCurrency(order.priceIncl);
        const quick = this.loyaltyQuickLine;
        if (quick && order.payment_ids.length === 1 && !quick.payment_status) {
            quick.setAmount(0);
            quick.setAmount(order.getDefaultAmountDueToPayIn(quick.payment_method_id));
            this.loyaltyTotal = order.priceIncl;
            this.pos.notification.add(_t("The reward followed the order: the total is now %s.", total));
            return true;
        }
        this.withdrawQuickPayment();
        this.pos.dialog.add(AlertDialog, {
            title: _t("The total has changed"),
            body: _t("The total is now %s. Check the payment and validate again.", total),
        });
        return false;
    },

    /** A quick payment that came to nothing: else the next press would validate with its amount. */
    withdrawQuickPayment() {
        const quick = this.loyaltyQuickLine;
        if (quick && !quick.payment_status && !this.order.finalized && this.order.payment_ids.some(({ uuid }) => uuid === quick.uuid)) {
            this.order.removePaymentline(quick);
        }
        this.loyaltyQuickLine = undefined;
    },

    async isOrderValid() {
        if (
            this.pos.refuseStrayRewards(this.order) ||
            this.pos.refuseTooLargeDiscount(this.order)
        ) {
            this.withdrawQuickPayment();
            return false;
        }
        return super.isOrderValid(...arguments);
    },

    /** Prints the receipt by itself, where the till is set so. */
    async afterOrderValidation() {
        const { firstPrints } = this.pos.loyaltySidecar;
        const { uuid } = this.order;
        firstPrints.add(uuid);
        try {
            return await super.afterOrderValidation(...arguments);
        } finally {
            firstPrints.delete(uuid);
        }
    },
});
