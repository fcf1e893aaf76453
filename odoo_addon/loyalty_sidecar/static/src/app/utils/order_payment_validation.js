import OrderPaymentValidation from "@point_of_sale/app/utils/order_payment_validation";
import { patch } from "@web/core/utils/patch";

patch(OrderPaymentValidation.prototype, {
    async validateOrder() {
        // A quick payment comes here without the payment screen; on that one, time may have gone by.
        this.pos.loyaltySidecar.watchRewards(this.order);
        if (!(await this.pos.settleLoyaltyRewards(this.order))) {
            return false;
        }
        try {
            await this.pos.loyaltySidecar.prepareReceipt(this.order);
        } catch (error) {
            // The receipt lacks its points; the sale goes on.
            console.warn("loyalty_sidecar: no figures for the receipt", error);
        }
        const result = await super.validateOrder(...arguments);
        if (this.order.finalized) {
            // Not awaited: the receipt is on the screen, and says more when there is more to say.
            this.pos.loyaltySidecar
                .completeRefundReceipt(this.order)
                .catch((error) => console.warn("loyalty_sidecar: no figures for the refund", error));
        }
        return result;
    },

    async isOrderValid() {
        if (
            this.pos.refuseStrayRewards(this.order) ||
            this.pos.refuseTooLargeDiscount(this.order)
        ) {
            return false;
        }
        return super.isOrderValid(...arguments);
    },
});
