import { pricedLines } from "@loyalty_sidecar/app/utils/exact_lines";
import { isNeutral } from "@loyalty_sidecar/app/utils/neutral_lines";

/**
 * What comes back of a paid order's rewards when some of its goods do: of each line of a discount, the share of
 * the goods that it was for. A product that was given is goods itself, and comes back when it is chosen.
 *
 * Quantities are cut to what Odoo keeps of them. They are cut in all and not each time, so that refunds
 * that return everything, one after the other, return each reward whole.
 */
export class RefundShares {
    /**
     * @param {PosOrder} order that was paid
     * @param {(line: PosOrderline) => number} chosen how much of a line is chosen now
     * @param {(line: PosOrderline) => number} returned how much of it came back before
     * @param {number} digits of quantities
     */
    constructor(order, chosen, returned, digits) {
        Object.assign(this, { order, chosen, returned, digits });
    }

    /** The quantity of a line of a discount that comes back with the goods chosen now. */
    quantityOf(line) {
        const { before, after } = this.partsOf(line);
        const share = this.cut(after * line.qty) - this.cut(before * line.qty);
        const left = line.qty - this.returned(line);
        return this.cut(Math.max(Math.min(share, left), 0));
    }

    /** The money of it, with tax, to the smallest coin; above zero. */
    amountOf(line) {
        const { before, after } = this.partsOf(line);
        const whole = Math.abs(line.priceIncl);
        const { currency } = this.order;
        return currency.round(currency.round(whole * after) - currency.round(whole * before));
    }

    /** Which part of the goods of a discount's line had come back, and will have with what is chosen. */
    partsOf(line) {
        let weight = 0;
        let before = 0;
        let after = 0;
        for (const { goods, discount } of coveredBy(this.order, line)) {
            const gone = this.returned(goods);
            weight += discount;
            before += discount * Math.min(gone / goods.qty, 1);
            after += discount * Math.min((gone + this.chosen(goods)) / goods.qty, 1);
        }
        return weight ? { before: before / weight, after: after / weight } : { before: 0, after: 0 };
    }

    cut(quantity) {
        return Number(quantity.toFixed(this.digits));
    }
}

/** Whether a line of a paid order takes something off for points: no product that a reward gave. */
export function isRewardDiscount(line) {
    return Boolean(line.loyalty_hold_id) && line.qty > 0 && line.priceIncl < 0;
}

/**
 * Give the line of a refund the price at which it is this much with tax. A quantity has two digits, and a
 * third of 9.00 would be 2.97 by them.
 */
export function priceRefund(order, line, amount) {
    const part = { product: line.product_id, taxes: [...line.tax_ids], qty: line.qty };
    const [exact] = pricedLines(order, part, amount);
    if (exact) {
        line.price_unit = exact.price_unit;
    }
}

/** The goods that a line of a discount was for, with what it took off each. */
function coveredBy(order, line) {
    const covers = order.loyaltyHolds[line.loyalty_hold_id]?.covers || [];
    const known = covers
        .map(({ uuid, discount }) => ({
            goods: order.lines.find((each) => each.uuid === uuid),
            discount,
        }))
        .filter(({ goods, discount }) => goods?.qty > 0 && discount > 0);
    if (!known.length) {
        // The order says nothing of its rewards: spread over all goods, as a discount of the whole order.
        return order.lines
            .filter((each) => !each.loyalty_hold_id && each.qty > 0 && each.priceIncl > 0 && !isNeutral(each))
            .map((goods) => ({ goods, discount: goods.priceIncl }));
    }
    // A reward has a line for each set of taxes; what could be said exactly by none of them has no tax.
    const taxed = known.filter(({ goods }) => taxKey(goods) === taxKey(line));
    return taxed.length ? taxed : known;
}

function taxKey(line) {
    return line.tax_ids
        .filter((tax) => tax.amount_type !== "fixed")
        .map((tax) => tax.id)
        .sort((a, b) => a - b)
        .join();
}
