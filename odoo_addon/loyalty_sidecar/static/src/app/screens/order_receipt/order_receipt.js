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

    /** A refund takes back what was earned and gives back what was redeemed: the words say which. */
    isPositive(points) {
        return Number(points) > 0;
    },

    absolute(points) {
        return Math.abs(Number(points));
    },

    get loyaltyPrograms() {
        return (this.order.loyaltyReceipt || []).filter(
            ({ earned, redeemed, total }) => [earned, redeemed, total].some(hasPoints)
        );
    },
});
