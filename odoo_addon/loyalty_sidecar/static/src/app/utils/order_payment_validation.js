import OrderPaymentValidation from "@point_of_sale/app/utils/order_payment_validation";
import { patch } from "@web/core/utils/patch";

patch(OrderPaymentValidation.prototype, {
    async validateOrder() {
        try {
            await this.pos.loyaltySidecar.prepareReceipt(this.order);
        } catch (error) {
            // The receipt lacks its points; the sale goes on.
            console.warn("loyalty_sidecar: no figures for the receipt", error);
        }
        return super.validateOrder(...arguments);
    },

    async isOrderValid() {
        if (this.pos.refuseTooLargeDiscount(this.order)) {
            return false;
        }
        return super.isOrderValid(...arguments);
    },
});
