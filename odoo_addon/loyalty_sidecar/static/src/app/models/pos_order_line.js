import { PosOrderline } from "@point_of_sale/app/models/pos_order_line";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

// A line of a reward is what the sidecar granted for the points it reserved: whatever road leads to
// another quantity, price or discount, it ends here. Taking the line off is allowed. The line of a
// refund that takes a reward back carries no hold and is a line like any other, but for its name.
patch(PosOrderline.prototype, {
    get loyaltyRewardName() {
        const line = this.loyalty_hold_id ? this : this.refunded_orderline_id;
        const grant = line?.loyalty_hold_id && line.order_id?.loyaltyHolds[line.loyalty_hold_id];
        if (!grant) {
            return "";
        }
        // Of a reward that is a product, its name alone may not say which: "A treat (Coffee Cup)".
        const product = grant.product && this.models["product.product"].get(grant.product);
        return product && !grant.name.includes(product.display_name)
            ? `${grant.name} (${product.display_name})`
            : grant.name;
    },

    setFullProductName() {
        super.setFullProductName(...arguments);
        if (this.loyaltyRewardName) {
            this.full_product_name = this.loyaltyRewardName;
        }
    },

    get orderDisplayProductName() {
        const display = super.orderDisplayProductName;
        return this.loyaltyRewardName ? { ...display, name: this.loyaltyRewardName } : display;
    },

    setQuantity() {
        if (this.loyalty_hold_id) {
            return {
                title: _t("A reward cannot be changed"),
                body: _t("Remove the line and redeem again instead."),
            };
        }
        return super.setQuantity(...arguments);
    },

    setDiscount() {
        if (!this.loyalty_hold_id) {
            super.setDiscount(...arguments);
        }
    },

    setUnitPrice() {
        if (!this.loyalty_hold_id) {
            super.setUnitPrice(...arguments);
        }
    },

    canBeMergedWith(orderline) {
        return (
            !this.loyalty_hold_id &&
            !orderline.loyalty_hold_id &&
            super.canBeMergedWith(...arguments)
        );
    },

    getDisplayClasses() {
        return { ...super.getDisplayClasses(), "fst-italic": Boolean(this.loyalty_hold_id) };
    },
});
