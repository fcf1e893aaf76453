import { goodsOf } from "@loyalty_sidecar/app/utils/reward_lines";

const PRODUCTS = ["free_product", "product_at_price"];

/** Whether a reward is a product, free or at a price of its own. */
export function isProductReward(grant) {
    return PRODUCTS.includes(grant.kind);
}

/**
 * What a reward was computed of, as a text: it changes exactly when the reward may be another one now.
 *
 * A percentage, an amount and what points pay depend on the goods; all share them with the other rewards. A product
 * that the reward brought along costs what it costs. One that was on the order depends on its price there, and if it
 * has a price with the reward, on what other rewards take off it.
 */
export function basisOf(order, holdId) {
    const grant = order.loyaltyHolds[holdId];
    const others = Object.entries(order.loyaltyHolds)
        .filter(([id]) => id !== holdId)
        .map(([, each]) => `${each.program}/${each.reward}`)
        .sort();
    const goods = goodsOf(order);
    if (isProductReward(grant)) {
        const prices = coveredLines(goods, grant).map((line) => [line.uuid, unitPrice(line)]);
        return JSON.stringify(grant.kind === "product_at_price" ? [prices, others] : [prices]);
    }
    return JSON.stringify([goods.map((line) => [line.uuid, line.qty, line.priceIncl]), others]);
}

/** Whether fewer pieces are on the order than the reward discounts there. No reward puts back what was removed. */
export function lacksPieces(order, grant) {
    if (!isProductReward(grant) || !(grant.covered > 0)) {
        return false;
    }
    const pieces = goodsOf(order)
        .filter((line) => line.product_id.id === grant.product)
        .reduce((sum, line) => sum + line.qty, 0);
    return pieces < grant.covered - 0.001;
}

/** Whether a line of the reward is gone: it is had whole or not at all. */
export function lostLine(order, holdId) {
    const carried = new Set(
        order.lines.filter((line) => line.loyalty_hold_id === holdId).map(({ uuid }) => uuid)
    );
    return order.loyaltyHolds[holdId].lines.some((uuid) => !carried.has(uuid));
}

function coveredLines(goods, grant) {
    const covered = new Set((grant.covers || []).map(({ uuid }) => uuid));
    return covered.size
        ? goods.filter((line) => covered.has(line.uuid) || line.product_id.id === grant.product)
        : [];
}

function unitPrice(line) {
    return line.qty ? Math.round((line.priceIncl / line.qty) * 1e6) / 1e6 : 0;
}
