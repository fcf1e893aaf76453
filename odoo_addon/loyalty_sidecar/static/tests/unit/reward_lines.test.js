import { describe, expect, test } from "@odoo/hoot";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { goodsOf, grantOf, putAnew, putReward, takeOff, verdict } from "@loyalty_sidecar/app/utils/reward_lines";
import { cents, openTill, orderOf } from "./till";

definePosModels();

const HOLD = "hold-1";
const REWARD = { reward: "off", name: "Off" };

/** Put a reward on an order, as the till does with what the service granted. */
function redeem(till, order, hold, { holdId = HOLD, program = "club" } = {}) {
    const grant = grantOf(order, { kind: "discount_amount", points: "10", ...hold }, REWARD, program, till.carrier);
    return putReward(order, holdId, grant);
}

function linesOf(order, holdId = HOLD) {
    return order.lines.filter((line) => line.loyalty_hold_id === holdId);
}

function takenOff(order, holdId = HOLD) {
    return -linesOf(order, holdId).reduce((sum, line) => sum + cents(line.priceIncl), 0);
}

describe("what a hold is for", () => {
    // goods in cents, what an earlier reward takes off each, the discount, and its share of each line.
    const CASES = [
        { name: "one line", goods: [1000], discount: 500, shares: [500] },
        { name: "three alike: the odd cent goes to the first", goods: [1000, 1000, 1000], discount: 1000, shares: [334, 333, 333] },
        { name: "in proportion", goods: [3000, 1000], discount: 1000, shares: [750, 250] },
        { name: "everything", goods: [1, 2], discount: 3, shares: [2, 1] },
        { name: "less than a cent each", goods: [500, 500], discount: 1, shares: [1, 0] },
        { name: "beside an earlier reward: of what it left", goods: [1000, 1000], earlier: [1000, 0], discount: 400, shares: [400] },
        { name: "nothing off", goods: [1000], discount: 0, shares: [] },
        { name: "no goods", goods: [], discount: 500, shares: [] },
        { name: "goods that cost nothing", goods: [0, 1000], discount: 500, shares: [500] },
    ];

    test("a discount of the whole order is shared over what is left of its lines", async () => {
        const till = await openTill();
        for (const { name, goods, earlier, discount, shares } of CASES) {
            const order = orderOf(till, goods.map((price) => ({ price: price / 100 })));
            if (earlier) {
                const covers = earlier.map((each, index) => ({ uuid: order.lines[index].uuid, discount: each / 100 }));
                order.setLoyaltyHold("earlier", { program: "club", discount: 10, covers, lines: [] });
            }
            const hold = { hold_id: HOLD, kind: "discount_amount", points: "10", discount: String(discount / 100) };
            const grant = grantOf(order, hold, REWARD, "club", till.carrier);
            expect(grant.covers.map((cover) => cents(cover.discount))).toEqual(shares, { message: name });
        }
    });

    test("the service's own lines are followed, by their id or their place", async () => {
        const till = await openTill();
        const order = orderOf(till, [{ price: 10 }, { price: 20, qty: 2 }]);
        const [first, second] = order.lines;
        const lines = [{ uuid: second.uuid, line: 0, discount: "4.00" }, { line: 0, discount: "1.00" }];
        const hold = { kind: "discount_percent", points: "7", discount: "5.00", max_share_of_order: "0.5", lines };
        const grant = grantOf(order, hold, REWARD, "club", till.carrier);
        expect(grant.covers).toEqual([
            { uuid: second.uuid, discount: 4, total: 40, qty: 2 },
            { uuid: first.uuid, discount: 1, total: 10, qty: 1 },
        ]);
        expect(grant.maxShare).toBe(0.5);
        expect([grant.price, grant.quantity, grant.product]).toEqual([0, 0, false]);
    });

    test("goods are what is sold: no reward, nothing taken back, no tip", async () => {
        const till = await openTill();
        const order = orderOf(till, [{ price: 10 }, { price: 20 }, { price: 30 }, { price: 40 }]);
        const [goods, reward, returned, tip] = order.lines;
        reward.loyalty_hold_id = HOLD;
        returned.refunded_orderline_id = goods;
        tip.product_id = till.store.config.tip_product_id;
        expect(goodsOf(order).map(({ uuid }) => uuid)).toEqual([goods.uuid]);
    });
});

describe("putting a reward on an order", () => {
    // goods: [price in cents, taxes]; the hold; and what its lines come to, by their taxes.
    const CASES = [
        { name: "no tax", goods: [[1000, "none"]], hold: { discount: "4.95" }, lines: { none: -495 } },
        { name: "a tax in the price", goods: [[1000, "included"]], hold: { discount: "4.95" }, lines: { included: -495 } },
        { name: "a tax on top: the odd cent has no tax", goods: [[1000, "onTop"]], hold: { discount: "4.95" }, lines: { onTop: -494, none: -1 } },
        {
            name: "a line for each set of taxes",
            goods: [[1000, "included"], [500, "none"], [1000, "included"]],
            hold: { discount: "5.00" },
            lines: { included: -400, none: -100 },
        },
        { name: "a fixed tax is no share of the price", goods: [[1000, "fixed"]], hold: { discount: "5.00" }, lines: { none: -500 } },
        { name: "all of it", goods: [[1000, "included"]], hold: { discount: "10.00" }, lines: { included: -1000 } },
        { name: "nothing", goods: [[1000, "none"]], hold: { discount: "0" }, lines: {} },
        {
            name: "a free product brings its line",
            goods: [[1000, "none"]],
            hold: { kind: "free_product", discount: "0", product_id: 8, add_quantity: "2", price: "0" },
            lines: { product: 0 },
        },
        {
            name: "a product at a price",
            goods: [[1000, "none"]],
            hold: { kind: "product_at_price", discount: "0", product_id: 8, add_quantity: "2", price: "3.50" },
            lines: { product: 700 },
        },
    ];

    test("its lines are exact, carry the hold, and are remembered", async () => {
        const till = await openTill();
        for (const rounding of ["round_per_line", "round_globally"]) {
            for (const { name, goods, hold, lines } of CASES) {
                const message = `${name} (${rounding})`;
                const order = orderOf(till, goods.map(([price, taxes]) => ({ price: price / 100, taxes: till.taxes[taxes] })), rounding);
                const before = order.priceIncl;
                const put = redeem(till, order, hold);
                const found = {};
                for (const line of put) {
                    const taxes = Object.keys(till.taxes).find((key) => till.taxes[key][0]?.id === line.tax_ids[0]?.id);
                    const key = line.product_id.id === till.carrier.id ? taxes : "product";
                    found[key] = (found[key] || 0) + cents(line.priceIncl);
                }
                // Rounded over the order, a cent may have to stand elsewhere than line by line.
                if (rounding === "round_per_line") {
                    expect(found).toEqual(lines, { message });
                }
                const change = Object.values(lines).reduce((sum, each) => sum + each, 0);
                expect(cents(order.priceIncl - before)).toBe(change, { message });
                expect(linesOf(order).map(({ uuid }) => uuid)).toEqual(order.loyaltyHolds[HOLD].lines, { message });
                expect(put.every((line) => line.loyalty_hold_id === HOLD && line.price_type === "manual")).toBe(true);
                if (put.length) {
                    expect(verdict(order, HOLD)).toBe("keep", { message });
                }
            }
        }
    });

    test("taking it off leaves the goods and the other rewards", async () => {
        const till = await openTill();
        const order = orderOf(till, [{ price: 10 }, { price: 20, taxes: till.taxes.included }]);
        redeem(till, order, { discount: "3.00" });
        redeem(till, order, { discount: "2.00" }, { holdId: "hold-2" });
        takeOff(order, HOLD);
        expect(linesOf(order)).toHaveLength(0);
        expect(takenOff(order, "hold-2")).toBe(200);
        expect(cents(order.priceIncl)).toBe(2800);
    });
});

describe("whether a reward still fits", () => {
    const AMOUNT = { kind: "discount_amount", discount: "6.00" };
    const PERCENT = ([first]) => ({ kind: "discount_percent", discount: "2.00", lines: [{ uuid: first.uuid, discount: "2.00" }] });
    const FREE = ([first]) => ({
        kind: "free_product", product_id: first.product_id.id, discount: "10.00", price: "0",
        lines: [{ uuid: first.uuid, discount: "10.00" }],
    });
    // The goods are 10.00 and 10.00; the hold, what is done to the order, and what becomes of the reward.
    const CASES = [
        { name: "nothing changed", hold: AMOUNT, outcome: "keep" },
        { name: "more goods", hold: AMOUNT, change: ([a]) => a.setQuantity(5), outcome: "keep" },
        { name: "room for all, on other lines", hold: { kind: "discount_amount", discount: "10.00" }, change: ([a]) => a.setUnitPrice(1), outcome: "anew" },
        { name: "too little is left", hold: AMOUNT, change: ([a, b]) => [a.delete(), b.setUnitPrice(5)], outcome: "off" },
        { name: "all goods gone", hold: AMOUNT, change: ([a, b]) => [a.delete(), b.delete()], outcome: "off" },
        { name: "a line gone, room on the other", hold: AMOUNT, change: ([a]) => a.delete(), outcome: "anew" },
        { name: "more than its share of the order", hold: { ...AMOUNT, max_share_of_order: "0.5" }, change: ([a]) => a.delete(), outcome: "share" },
        { name: "just its share of the order", hold: { ...AMOUNT, max_share_of_order: "0.3" }, outcome: "keep" },
        { name: "a percentage of a line that costs less", hold: PERCENT, change: ([a]) => a.setUnitPrice(9), outcome: "off" },
        { name: "a percentage, and another line is gone", hold: PERCENT, change: ([, b]) => b.delete(), outcome: "keep" },
        { name: "a free product, and more of it", hold: FREE, change: ([a]) => a.setQuantity(3), outcome: "keep" },
        { name: "a free product that became cheaper", hold: FREE, change: ([a]) => a.setUnitPrice(9), outcome: "off" },
        { name: "a free product, and half of it", hold: FREE, change: ([a]) => a.setQuantity(0.5), outcome: "off" },
        { name: "one of its lines was removed", hold: AMOUNT, change: (_goods, order) => linesOf(order)[0].delete(), outcome: "off" },
        { name: "its line has other taxes", hold: AMOUNT, change: (_goods, order, till) => [linesOf(order)[0].tax_ids = till.taxes.onTop, order.triggerRecomputeAllPrices()], outcome: "anew" },
        { name: "of an older addon, which kept only its line", hold: AMOUNT, change: (_goods, order) => order.setLoyaltyHold(HOLD, { name: "Old" }), outcome: "keep" },
    ];

    test("each change has its outcome", async () => {
        const till = await openTill();
        for (const { name, hold, change, outcome } of CASES) {
            const order = orderOf(till, [{ price: 10 }, { price: 10 }]);
            const goods = [...order.lines];
            redeem(till, order, typeof hold === "function" ? hold(goods) : hold);
            change?.(goods, order, till);
            expect(verdict(order, HOLD)).toBe(outcome, { message: name });
        }
    });

    test("rewards share the room of an order in the order they came", async () => {
        const till = await openTill();
        const order = orderOf(till, [{ price: 10 }]);
        redeem(till, order, { discount: "6.00" });
        redeem(till, order, { discount: "4.00" }, { holdId: "hold-2" });
        expect([verdict(order, HOLD), verdict(order, "hold-2")]).toEqual(["keep", "keep"]);
        order.lines[0].setUnitPrice(9);
        expect([verdict(order, HOLD), verdict(order, "hold-2")]).toEqual(["keep", "off"]);
    });

    test("the share of a program counts its own rewards alone", async () => {
        const till = await openTill();
        const order = orderOf(till, [{ price: 10 }]);
        redeem(till, order, { discount: "4.00", max_share_of_order: "0.5" });
        redeem(till, order, { discount: "4.00" }, { holdId: "hold-2", program: "other" });
        expect([verdict(order, HOLD), verdict(order, "hold-2")]).toEqual(["keep", "keep"]);
        redeem(till, order, { discount: "2.00", max_share_of_order: "0.5" }, { holdId: "hold-3" });
        expect([verdict(order, HOLD), verdict(order, "hold-3")]).toEqual(["keep", "share"]);
    });

    test("split anew, it takes off the same, of what is left", async () => {
        const till = await openTill();
        const order = orderOf(till, [{ price: 10, taxes: till.taxes.included }, { price: 10 }]);
        const [gone, kept] = order.lines;
        redeem(till, order, { discount: "6.00" });
        gone.delete();
        expect(verdict(order, HOLD)).toBe("anew");
        putAnew(order, HOLD);
        expect(takenOff(order)).toBe(600);
        expect(order.loyaltyHolds[HOLD].covers.map(({ uuid, discount }) => [uuid, cents(discount)])).toEqual([[kept.uuid, 600]]);
        expect(linesOf(order).every((line) => !line.tax_ids.length)).toBe(true);
        expect(verdict(order, HOLD)).toBe("keep");
    });
});
