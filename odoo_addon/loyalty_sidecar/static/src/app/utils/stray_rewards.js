/**
 * Reward lines that no hold of the order stands behind: their points are not reserved, or are another customer's.
 *
 * No road of this addon leads there. Others do: lines that another module copied to another order, an order
 * that was duplicated, a customer that another device took off.
 *
 * @returns {PosOrderline[]}
 */
export function strayRewards(order) {
    if (!order || order.finalized) {
        return [];
    }
    return order.lines.filter((line) => isReward(order, line) && !isBacked(order, line));
}

function isReward(order, line) {
    if (line.loyalty_hold_id) {
        return true;
    }
    // What a refund takes back of a reward carries no hold, and neither does what is given by hand.
    const carrier = order.config._loyalty_reward_product_id;
    return (
        Boolean(carrier) &&
        line.product_id.id === carrier &&
        !line.refunded_orderline_id &&
        line.qty * line.price_unit < 0
    );
}

function isBacked(order, line) {
    const grant = order.loyaltyHolds[line.loyalty_hold_id];
    const partner = order.getPartner()?.id;
    // Of a hold of before an upgrade, whose it is was not kept.
    return Boolean(grant && partner && (grant.partner ?? partner) === partner);
}
