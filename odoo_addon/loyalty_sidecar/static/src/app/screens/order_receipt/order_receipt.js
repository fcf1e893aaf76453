import { formatPoints, hasPoints } from "@loyalty_sidecar/common/points";
import { OrderReceipt } from "@point_of_sale/app/screens/receipt_screen/receipt/order_receipt";
import { patch } from "@web/core/utils/patch";

patch(OrderReceipt.prototype, {
    formatPoints(points) {
        return formatPoints(points);
    },

    hasPoints(points) {
        return hasPoints(points);
    },

    get loyaltyPrograms() {
        return (this.order.loyaltyReceipt || []).filter(
            ({ earned, redeemed, total }) => [earned, redeemed, total].some(hasPoints)
        );
    },
});
