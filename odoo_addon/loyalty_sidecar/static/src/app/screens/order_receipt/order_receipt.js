import { formatPoints, hasPoints, pointsInWords } from "@loyalty_sidecar/common/points";
import { OrderReceipt } from "@point_of_sale/app/screens/receipt_screen/receipt/order_receipt";
import { patch } from "@web/core/utils/patch";

const DAY_MS = 86_400_000;

patch(OrderReceipt.prototype, {
    formatPoints(points) {
        return formatPoints(points);
    },

    pointsInWords(points, pointsName) {
        return pointsInWords(points, pointsName);
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

    /** Whether figures are still to come. Of an order of days ago there were none, and no customer waits for them. */
    get isLoyaltyLate() {
        const age = Date.now() - (this.order.date_order?.toMillis?.() ?? Date.now());
        return this.order.loyaltyReceipt === null && age < DAY_MS;
    },

    get loyaltyPrograms() {
        return (this.order.loyaltyReceipt || []).filter(
            ({ earned, redeemed, total }) => [earned, redeemed, total].some(hasPoints)
        );
    },
});
