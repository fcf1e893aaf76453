import { pointsInWords } from "@loyalty_sidecar/common/points";
import { PosOrderline } from "@point_of_sale/app/models/pos_order_line";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

/** What the lines after the first are called: a reward has a line for each set of taxes. */
function furtherLineName(line, grant) {
    const { fiscal_position_id: position } = line.order_id;
    const taxes = position ? position.getTaxesAfterFiscalPosition(line.tax_ids) : [...line.tax_ids];
    return taxes.length
        ? _t("%(reward)s: the part with %(taxes)s", {
              reward: grant.name,
              taxes: taxes.map((tax) => tax.name).join(", "),
          })
        : _t("%s: the part without tax", grant.name);
}

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
        const ofHold = line.order_id.lines.filter((each) => each.loyalty_hold_id === line.loyalty_hold_id);
        const isProduct = grant.product && line.product_id.id === grant.product;
        if (ofHold[0] !== line && !isProduct) {
            return furtherLineName(line, grant);
        }
        // Of a reward that is a product, its name alone may not say which: "A treat (Coffee Cup)".
        const product = grant.product && this.models["product.product"].get(grant.product);
        const more = product && !grant.name.includes(product.display_name) ? [product.display_name] : [];
        // The points stand on one of its lines, and are the whole reward's: a refund may take back a part.
        if (ofHold[0] === this && grant.pointsName) {
            more.push(pointsInWords(grant.points, grant.pointsName));
        }
        return more.length ? `${grant.name} (${more.join(", ")})` : grant.name;
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
