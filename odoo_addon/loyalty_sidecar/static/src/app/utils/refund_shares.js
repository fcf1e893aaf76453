import { pricedLines } from "@loyalty_sidecar/app/utils/exact_lines";
import { isNeutral } from "@loyalty_sidecar/app/utils/neutral_lines";

// How many of the smallest quantities a discount's line may lag behind the goods without anybody having meant it.
const LAG_STEPS = 3;

/**
 * What comes back of a paid order's rewards when some of its goods do: of each line of a discount, the share of
 * the goods that it was for. A product that was given is goods itself, and comes back when it is chosen.
 *
 * Quantities are cut to what Odoo keeps of them. They are cut in all and not each time, so that refunds
 * that return everything, one after the other, return each reward whole. A share below the smallest quantity
 * takes that one: its price makes the money right.
 */
export class RefundShares {
    /**
     * @param {PosOrder} order that was paid
     * @param {(line: PosOrderline) => number} chosen how much of a line is chosen now
     * @param {(line: PosOrderline) => number} returned how much of it came back before
     * @param {number} digits of quantities
     * @param {(line: PosOrderline) => number} repaid the money of a discount's line that came back before, with tax
     */
    constructor(order, chosen, returned, digits, repaid) {
        Object.assign(this, { order, chosen, returned, digits, repaid });
    }

    /** The quantity of a line of a discount that comes back with the goods chosen now. */
    quantityOf(line) {
        const { before, after } = this.partsOf(line);
        const returned = this.returned(line);
        // The smallest quantity stays for the last of the goods, to carry the rest of the money.
        const kept = after < 1 - 1e-9 ? this.step : 0;
        const left = this.cut(line.qty - returned - kept);
        // A choice of goods that the discount was not for returns none of it.
        if (after <= before || left <= 0) {
            return 0;
        }
        const due = this.cut(before * line.qty);
        const counted = this.cut(due - returned) > this.cut(LAG_STEPS * this.step) ? due : returned;
        const share = this.cut(this.cut(after * line.qty) - counted);
        if (share > 0) {
            return Math.min(share, left);
        }
        return this.mayRunAhead(line, after) && this.amountOf(line) > 0 ? this.step : 0;
    }

    /**
     * Whether a share too small for a quantity takes the smallest one, to carry its money. Quantity that runs ahead of
     * the money must last for the goods that are left: it never takes more than half of what is left for them.
     */
    mayRunAhead(line, after) {
        const ahead = this.returned(line) + this.step - after * line.qty;
        return ahead <= ((1 - after) * line.qty) / 2;
    }

    get step() {
        return this.cut(10 ** -this.digits);
    }

    /**
     * The money of it, with tax, to the smallest coin; never below zero. It is what should have come back by now less
     * what did: the little that an earlier refund missed comes back with the next. More than that was left out by the
     * cashier, and stays out.
     */
    amountOf(line) {
        const { before, after } = this.partsOf(line);
        const whole = Math.abs(line.priceIncl);
        const { currency } = this.order;
        const due = currency.round(whole * before);
        const repaid = this.repaid(line);
        const lag = currency.round((whole * LAG_STEPS * this.step) / line.qty);
        const counted = currency.round(due - repaid - lag) > 0 ? due : repaid;
        return Math.max(currency.round(currency.round(whole * after) - counted), 0);
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

/** The money of a line, with tax, that came back with other refunds than this one. */
export function repaidOf(line, refund) {
    return (line.refund_orderline_ids || [])
        .filter((each) => each.order_id && each.order_id.state !== "cancel" && each.order_id.uuid !== refund?.uuid)
        .reduce((sum, each) => sum + Math.abs(each.priceIncl), 0);
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
