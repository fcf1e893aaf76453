import { isRewardDiscount, priceRefund, RefundShares, repaidOf } from "@loyalty_sidecar/app/utils/refund_shares";
import { TicketScreen } from "@point_of_sale/app/screens/ticket_screen/ticket_screen";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

// Choosing goods to refund chooses what a reward took off them; else a refund pays out more than was paid. The
// cashier sees it on the reward's line, and may type another quantity there, or none: then it stays like that.
patch(TicketScreen.prototype, {
    _onUpdateSelectedOrderline() {
        const result = super._onUpdateSelectedOrderline(...arguments);
        const order = this.getSelectedOrder();
        const line = order?.lines.find(({ id }) => id === this.getSelectedOrderlineId());
        if (line && order.loyaltyLines.length) {
            if (isRewardDiscount(line)) {
                this.chooseWholeReward(order, line);
            } else {
                this.chooseRewardShares(order);
            }
        }
        return result;
    },

    postRefund(refund) {
        super.postRefund(...arguments);
        const order = this.getSelectedOrder();
        if (!order?.loyaltyLines.length) {
            return;
        }
        // What is chosen counts as refunded by now.
        const chosen = (line) =>
            -refund.lines.reduce(
                (sum, each) => sum + (each.refunded_orderline_id?.uuid === line.uuid ? each.qty : 0),
                0
            );
        const shares = this.rewardShares(order, chosen, (line) => line.refundedQty - chosen(line), refund);
        for (const line of refund.lines) {
            const sold = line.refunded_orderline_id;
            const isPart = sold && isRewardDiscount(sold) && -line.qty < sold.qty;
            if (isPart && !order.uiState.lineToRefund[sold.uuid]?.loyaltyByHand) {
                priceRefund(refund, line, shares.amountOf(sold));
            }
        }
    },

    /** The shares of an order's rewards in what is chosen on this screen. */
    rewardShares(
        order,
        chosen = (line) => this.chosenQuantity(line),
        returned = (line) => line.refundedQty,
        refund = undefined
    ) {
        const unit = this.pos.models["decimal.precision"].find(({ name }) => name === "Product Unit");
        return new RefundShares(order, chosen, returned, unit?.digits ?? 2, (line) => repaidOf(line, refund));
    },

    chosenQuantity(line) {
        const detail = line.order_id.uiState.lineToRefund[line.uuid];
        return detail && !detail.destinationOrder ? detail.qty : 0;
    },

    chooseRewardShares(order) {
        const shares = this.rewardShares(order);
        for (const line of order.lines.filter(isRewardDiscount)) {
            const detail = this.getToRefundDetail(line);
            if (!detail.loyaltyByHand && !detail.destinationOrder) {
                detail.qty = shares.quantityOf(line);
            }
        }
    },

    /** Typed by hand, it is for all lines of the reward: one for each set of taxes. */
    chooseWholeReward(order, typed) {
        const { qty, destinationOrder } = this.getToRefundDetail(typed);
        if (destinationOrder) {
            return;
        }
        for (const line of order.lines.filter(isRewardDiscount)) {
            const detail = this.getToRefundDetail(line);
            if (line.loyalty_hold_id === typed.loyalty_hold_id && !detail.destinationOrder) {
                detail.qty = Math.min((qty / typed.qty) * line.qty, line.qty - line.refundedQty);
                detail.loyaltyByHand = true;
            }
        }
    },

    /** What the refund is less for a reward's line that comes back. */
    amountTakenOff(line) {
        const quantity = isRewardDiscount(line) ? this.chosenQuantity(line) : 0;
        if (!quantity) {
            return 0;
        }
        const { loyaltyByHand } = line.order_id.uiState.lineToRefund[line.uuid];
        return loyaltyByHand || quantity === line.qty
            ? (Math.abs(line.priceIncl) * quantity) / line.qty
            : this.rewardShares(line.order_id).amountOf(line);
    },

    /** As money; "" if there is none. */
    rewardTakenOff(line) {
        const amount = this.amountTakenOff(line);
        return amount ? this.env.utils.formatCurrency(amount) : "";
    },

    /** Of all rewards, above the lines: on a small screen theirs are out of sight. */
    get rewardsHint() {
        const lines = this.getSelectedOrder()?.lines || [];
        const amount = lines.reduce((sum, line) => sum + this.amountTakenOff(line), 0);
        return amount
            ? _t("Rewards: %s less to pay back. ⌫ on their line leaves them out.", this.env.utils.formatCurrency(amount))
            : "";
    },
});
