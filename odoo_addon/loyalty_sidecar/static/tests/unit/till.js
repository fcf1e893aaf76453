import { basisOf } from "@loyalty_sidecar/app/utils/reward_basis";
import { note, noteOf } from "@loyalty_sidecar/app/utils/reward_due";
import { grantOf, putReward } from "@loyalty_sidecar/app/utils/reward_lines";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";

/** The hold of the reward that tests put on an order. */
export const HOLD = "hold-1";
// Products of Odoo's own test data: what is sold, and what stands for a discount.
const GOODS = [5, 6, 8, 9];
const CARRIER = 10;

/** A till of Odoo's tests with taxes whose figures a test can be read by, on top of the price or in it. */
export async function openTill() {
    const store = await setupPosEnv();
    store.addNewOrder();
    const tax = (id, values) =>
        store.models["account.tax"].create({
            id,
            name: `Tax ${id}`,
            amount_type: "percent",
            amount: 20,
            price_include: false,
            include_base_amount: false,
            is_base_affected: true,
            has_negative_factor: false,
            children_tax_ids: [],
            sequence: 1,
            tax_group_id: store.models["account.tax.group"].getFirst(),
            ...values,
        });
    const taxes = {
        none: [],
        onTop: [tax(9001, {})],
        included: [tax(9002, { price_include: true })],
        low: [tax(9003, { amount: 5.5 })],
        fixed: [tax(9004, { amount_type: "fixed", amount: 1 })],
    };
    const carrier = store.models["product.product"].get(CARRIER);
    return { store, taxes, carrier };
}

/**
 * An order with one line for each of `goods`: {price, qty?, taxes?, ...values of the line}.
 *
 * @param {"round_per_line" | "round_globally"} rounding
 */
export function orderOf({ store }, goods, rounding = "round_per_line") {
    store.company.tax_calculation_rounding_method = rounding;
    const order = store.addNewOrder();
    goods.forEach(({ price, qty = 1, taxes = [], ...values }, index) => {
        store.models["pos.order.line"].create({
            order_id: order,
            product_id: store.models["product.product"].get(GOODS[index % GOODS.length]),
            qty,
            price_unit: price,
            discount: 0,
            price_type: "manual",
            tax_ids: taxes.map((tax) => ["link", tax]),
            ...values,
        });
    });
    order.triggerRecomputeAllPrices();
    return order;
}

/** Money as whole cents, which can be compared. */
export function cents(amount) {
    return Math.round(amount * 100) || 0;
}

/** An order of 20.00 with 6.00 off, and what the till tells the rest of itself about it. */
export function redeemed(till, kind = "discount_amount") {
    const order = orderOf(till, [{ price: 10 }, { price: 10 }]);
    order.setPartner(till.store.models["res.partner"].getFirst());
    const hold = { hold_id: HOLD, kind, points: "60", discount: "6.00" };
    putReward(order, HOLD, grantOf(order, hold, { reward: "off", name: "Off" }, "club", till.carrier));
    note(order, HOLD, noteOf(hold, "60"));
    note(order, HOLD, { basis: basisOf(order, HOLD) });
    const told = { takenOff: [], released: [] };
    const sidecar = {
        newKey: () => "new key",
        release: (holdIds, reason) => told.released.push([...holdIds, reason]),
        takeOffWithWord: (_order, holdIds, why, reason) => told.takenOff.push([...holdIds, why, reason]),
    };
    const question = { basis: "asked", isSent: true, choice: { idempotency_key: "key", replaces: HOLD, points: "60" } };
    return { order, sidecar, told, question };
}
