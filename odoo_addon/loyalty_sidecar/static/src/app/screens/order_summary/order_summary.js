import { LoyaltyPanel } from "@loyalty_sidecar/app/components/loyalty_panel/loyalty_panel";
import { OrderSummary } from "@point_of_sale/app/screens/product_screen/order_summary/order_summary";
import { patch } from "@web/core/utils/patch";

patch(OrderSummary, {
    components: { ...OrderSummary.components, LoyaltyPanel },
});

patch(OrderSummary.prototype, {
    async updateSelectedOrderline({ key }) {
        const order = this.currentOrder;
        const line = order?.getSelectedOrderline();
        if (!line?.loyalty_hold_id) {
            return super.updateSelectedOrderline(...arguments);
        }
        if (key !== "Backspace" && key !== "Delete") {
            return this.pos.refuseLoyaltyEdit();
        }
        this.numberBuffer.reset();
        order.removeOrderline(line);
        this.pos.numpadMode = "quantity";
    },

    async onOrderlineLongPress(ev, orderline) {
        if (orderline.loyalty_hold_id) {
            return;
        }
        return super.onOrderlineLongPress(...arguments);
    },
});
