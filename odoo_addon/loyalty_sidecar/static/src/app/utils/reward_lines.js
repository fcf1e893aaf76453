import { exactLines } from "@loyalty_sidecar/app/utils/exact_lines";
import { isNeutral } from "@loyalty_sidecar/app/utils/neutral_lines";

const OF_THE_WHOLE_ORDER = ["discount_amount", "discount_per_point"];

/**
 * Puts a reward on the order, and watches whether it still fits what it was given for.
 *
 * What a hold granted is kept on the order, by hold id (see PosOrder.loyaltyHolds):
 *   {program, partner, name, points, pointsName, kind, discount, maxShare, price, product, quantity, carrier,
 *    covers: [{uuid, discount, total, qty}], lines: [uuid]}
 * `covers` are the lines it takes something off, as they were; `lines` those that carry the hold;
 * `carrier` is the product that stands for a discount, `product` the one the reward gives; `maxShare` is how much
 * of an order's goods the rewards of its program may take off together.
 */
export function putReward(order, holdId, grant) {
    const carrier = order.models["product.product"].get(grant.carrier);
    // Known to the order before its lines are: they take their name from it.
    order.setLoyaltyHold(holdId, grant);
    const created = [];
    for (const parts of [discountParts(order, grant, carrier), productParts(order, grant)]) {
        const lines = exactLines(order, parts, carrier);
        for (const { product, taxes, qty, price_unit } of lines) {
            const line = order.models["pos.order.line"].create({
                order_id: order,
                product_id: product,
                qty,
                price_unit,
                discount: 0,
                price_type: "manual",
                tax_ids: taxes.map((tax) => ["link", tax]),
                loyalty_hold_id: holdId,
                // Where there are courses (pos_restaurant), a line of none of them is not shown.
                ...(order.course_ids?.length && { course_id: order.getLastCourse() }),
            });
            line.setFullProductName();
            created.push(line);
        }
    }
    order.setLoyaltyHold(holdId, { ...grant, lines: created.map((line) => line.uuid) });
    return created;
}

/** The grant of a hold: what the order has to remember of it. */
export function grantOf(order, hold, reward, program, carrier) {
    const cent = order.currency.rounding;
    let covers = (hold.lines || []).map(({ uuid, line, discount }) => {
        const covered = order.lines.find((each) => each.uuid === uuid) || order.lines[line];
        return coverOf(covered, Number(discount));
    });
    if (!covers.length && Number(hold.discount) > cent / 2) {
        covers = share(order, Number(hold.discount), goodsOf(order), takenBy(order, null));
    }
    return {
        program,
        partner: order.getPartner()?.id,
        reward: reward.reward,
        name: reward.name,
        points: hold.points,
        kind: hold.kind,
        discount: Number(hold.discount),
        maxShare: Number(hold.max_share_of_order ?? 1),
        product: hold.product_id || false,
        quantity: Number(hold.add_quantity || 0),
        price: Number(hold.price || 0),
        carrier: carrier.id,
        covers,
        lines: [],
    };
}

/**
 * What is to be done about a reward after the order has changed: "keep" it, put it "anew" because
 * its parts changed, take it "off" because it is too large for what is left, or off because it is more than
 * the program's "share" of that.
 */
export function verdict(order, holdId) {
    const grant = order.loyaltyHolds[holdId];
    const taken = takenBy(order, holdId);
    const carried = order.lines.filter((line) => line.loyalty_hold_id === holdId);
    if (!grant.covers) {
        return "keep"; // Put there by an older addon: all it knows is its line.
    }
    if (grant.lines.some((uuid) => !carried.some((line) => line.uuid === uuid))) {
        return "off"; // One of its lines was removed: a reward is had whole or not at all.
    }
    const current = grant.covers.map((cover) => order.lines.find(({ uuid }) => uuid === cover.uuid));
    if (exceedsShare(order, holdId)) {
        return grant.maxShare < 1 ? "share" : "off";
    }
    if (grant.kind && !OF_THE_WHOLE_ORDER.includes(grant.kind)) {
        const fits = grant.product ? coversProduct : coversWhole;
        const isTooLarge = (cover, line) =>
            !line ||
            !fits(order, grant, cover, line) ||
            isLess(order, leftOf(line, taken), cover.discount);
        if (grant.covers.some((cover, index) => isTooLarge(cover, current[index]))) {
            return "off";
        }
    } else {
        const left = current.map((line) => (line ? leftOf(line, taken) : 0));
        if (isLess(order, left.reduce((sum, each) => sum + each, 0), grant.discount)) {
            return "off";
        }
        const outgrown = grant.covers.some((cover, index) =>
            isLess(order, left[index], cover.discount)
        );
        if (outgrown) {
            return "anew";
        }
    }
    // Another fiscal position has other taxes on the same net prices.
    const total = carried.reduce((sum, line) => sum + line.priceIncl, 0);
    return order.currency.isZero(total - totalOf(grant)) ? "keep" : "anew";
}

/** Take all lines of a hold off the order. Giving its points back is the caller's. */
export function takeOff(order, holdId) {
    for (const line of order.lines.filter((each) => each.loyalty_hold_id === holdId)) {
        line.delete();
    }
}

/** Split the reward again over what is left of the lines it was for. */
export function putAnew(order, holdId) {
    const grant = order.loyaltyHolds[holdId];
    const covered = grant.covers
        .map((cover) => order.lines.find(({ uuid }) => uuid === cover.uuid))
        .filter(Boolean);
    const selected = order.getSelectedOrderline()?.uuid;
    takeOff(order, holdId);
    const unchanged = covered.length === grant.covers.length && !OF_THE_WHOLE_ORDER.includes(grant.kind);
    const covers = unchanged
        ? grant.covers
        : share(order, grant.discount, covered, takenBy(order, holdId));
    putReward(order, holdId, { ...grant, covers, lines: [] });
    const line = order.lines.find(({ uuid }) => uuid === selected);
    if (line) {
        order.selectOrderline(line);
    }
}

function productParts(order, grant) {
    if (!(grant.quantity > 0)) {
        return [];
    }
    const product = order.models["product.product"].get(grant.product);
    return [
        {
            product,
            taxes: [...product.taxes_id],
            qty: grant.quantity,
            amount: order.currency.round(grant.price * grant.quantity),
        },
    ];
}

/** One part for each set of taxes among the covered lines. A tax of a fixed amount is no share of a price. */
function discountParts(order, grant, carrier) {
    const groups = new Map();
    for (const cover of grant.covers) {
        const line = order.lines.find(({ uuid }) => uuid === cover.uuid);
        const taxes = (line?.tax_ids || []).filter((tax) => tax.amount_type !== "fixed");
        const key = taxes
            .map((tax) => tax.id)
            .sort((a, b) => a - b)
            .join();
        const group = groups.get(key) || { product: carrier, taxes, qty: 1, amount: 0, room: 0 };
        group.amount = order.currency.round(group.amount - cover.discount);
        group.room = order.currency.round(group.room + (line?.priceIncl || 0) - cover.discount);
        groups.set(key, group);
    }
    return [...groups.values()].filter(({ amount }) => !order.currency.isZero(amount));
}

/** Lines that are sold here, and vouchers that take something off: no rewards, nothing neutral, nothing taken back. */
export function goodsOf(order) {
    return order.lines.filter(
        (line) => !line.loyalty_hold_id && !line.refunded_orderline_id && !isNeutral(line)
    );
}

/**
 * Whether a reward and those of its program before it take more off than the program lets them: its share of
 * what the order's goods come to before any reward.
 */
function exceedsShare(order, holdId) {
    const grant = order.loyaltyHolds[holdId];
    let taken = 0;
    for (const [id, each] of Object.entries(order.loyaltyHolds)) {
        taken += each.program === grant.program ? each.discount : 0;
        if (id === holdId) {
            break;
        }
    }
    const goods = goodsOf(order).reduce((sum, line) => sum + line.priceIncl, 0);
    return isLess(order, goods * (grant.maxShare ?? 1), taken);
}

function coverOf(line, discount) {
    return { uuid: line.uuid, discount, total: line.priceIncl, qty: line.qty };
}

/** What the rewards that came before one take off each line, by the line's uuid; null for all of them. */
function takenBy(order, holdId) {
    const taken = new Map();
    for (const [id, grant] of Object.entries(order.loyaltyHolds)) {
        if (id === holdId) {
            break;
        }
        for (const { uuid, discount } of grant.covers || []) {
            taken.set(uuid, (taken.get(uuid) || 0) + discount);
        }
    }
    return taken;
}

function leftOf(line, taken) {
    return Math.max(line.priceIncl - (taken.get(line.uuid) || 0), 0);
}

/** Share an amount over lines by what is left of them; what rounding leaves goes to the largest. */
function share(order, amount, lines, taken) {
    const cent = order.currency.rounding;
    const goods = lines
        .map((line) => ({ line, left: leftOf(line, taken) }))
        .filter(({ left }) => left > cent / 2)
        .sort((a, b) => b.left - a.left);
    const total = goods.reduce((sum, { left }) => sum + left, 0);
    const shares = goods.map(({ left }) => Math.floor((amount * left) / total / cent + 1e-6));
    let rest = Math.round(amount / cent) - shares.reduce((sum, each) => sum + each, 0);
    // The largest has room for the rest, unless the discount takes everything: then the next has.
    return goods.map(({ line, left }, index) => {
        const room = Math.round(left / cent) - shares[index];
        const more = Math.min(rest, room);
        rest -= more;
        return coverOf(line, order.currency.round((shares[index] + more) * cent));
    });
}

function isLess(order, a, b) {
    return a < b && !order.currency.isZero(a - b);
}

/** A share of a line is right for that line as it was, or more of it. */
function coversWhole(order, grant, cover, line) {
    return !isLess(order, line.priceIncl, cover.total);
}

/** So many pieces at so much less: both must still be there. */
function coversProduct(order, grant, cover, line) {
    const unitThen = cover.total / cover.qty;
    const pieces = cover.discount / (unitThen - grant.price);
    return (
        line.qty > pieces - 0.001 && !isLess(order, line.priceIncl / line.qty, unitThen)
    );
}

function totalOf(grant) {
    return grant.price * grant.quantity - grant.discount;
}
