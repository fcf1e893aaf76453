import { formatPoints } from "@loyalty_sidecar/common/points";
import { OrderReceipt } from "@point_of_sale/app/screens/receipt_screen/receipt/order_receipt";
import { patch } from "@web/core/utils/patch";

patch(OrderReceipt.prototype, {
    formatPoints(points) {
        return formatPoints(points);
    },

    get loyaltyPrograms() {
        return (this.order.loyaltyReceipt || []).filter(
            (program) => Number(program.earned) || Number(program.redeemed) || Number(program.total)
        );
    },
});
