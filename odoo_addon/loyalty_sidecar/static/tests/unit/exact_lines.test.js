import { describe, expect, test } from "@odoo/hoot";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { exactLines, pricedLines } from "@loyalty_sidecar/app/utils/exact_lines";
import { cents, openTill, orderOf } from "./till";

definePosModels();

const ROUNDINGS = ["round_per_line", "round_globally"];

/** Put lines on the order for as long as it takes to see what they come to, alone and in its total. */
function measure(order, lines) {
    const before = order.priceIncl;
    const created = lines.map(({ product, taxes, qty, price_unit }) =>
        order.models["pos.order.line"].create({
            order_id: order,
            product_id: product,
            qty,
            price_unit,
            price_type: "manual",
            tax_ids: taxes.map((tax) => ["link", tax]),
        })
    );
    const each = created.map((line) => cents(line.priceIncl));
    const order_cents = cents(order.priceIncl - before);
    created.forEach((line) => line.delete());
    return { each, sum: each.reduce((sum, one) => sum + one, 0), order: order_cents };
}

// Each part: taxes (of openTill), amount in cents, room in cents, quantity.
// Each line expected: its taxes and what it comes to, in cents.
const CASES = [
    { name: "no tax", parts: [["none", -500]], lines: [["none", -500]] },
    { name: "a tax in the price", parts: [["included", -500]], lines: [["included", -500]] },
    { name: "a tax on top, at a total that exists", parts: [["onTop", -494]], lines: [["onTop", -494]] },
    {
        name: "a tax on top, at a total that no price gives: the cent stands alone without tax",
        parts: [["onTop", -495]],
        lines: [["onTop", -494], ["none", -1]],
    },
    {
        name: "the cent goes to a part that has room for it",
        parts: [["onTop", -495, 0], ["none", -300, 100]],
        lines: [["onTop", -494], ["none", -301]],
    },
    {
        name: "no part has room for the cent",
        parts: [["onTop", -495, 0], ["none", -300, 0]],
        lines: [["onTop", -494], ["none", -300], ["none", -1]],
    },
    {
        name: "several taxes, the larger line takes the cent of the smaller",
        parts: [["included", -1000, 100], ["onTop", -495, 0]],
        lines: [["included", -1001], ["onTop", -494]],
    },
    { name: "the smallest coin", parts: [["onTop", -1]], lines: [["onTop", -1]] },
    { name: "nothing to take off", parts: [], lines: [] },
    { name: "a free product beside nothing", parts: [["onTop", 0]], lines: [["onTop", 0]] },
    {
        name: "a part of zero stays, and costs nothing",
        parts: [["included", 0], ["none", -250]],
        lines: [["included", 0], ["none", -250]],
    },
    { name: "a product at a price", parts: [["onTop", 1200, 0, 3]], lines: [["onTop", 1200]] },
    { name: "what a refund gives back", parts: [["included", 500, 0, -1]], lines: [["included", 500]] },
    {
        name: "a fixed tax above the amount: rather untaxed than wrong",
        parts: [["none", -200], ["fixed", -50]],
        lines: [["none", -200], ["none", -50]],
    },
];

describe("exact lines", () => {
    test("each case, line by line and in the order's total", async () => {
        const till = await openTill();
        for (const rounding of ROUNDINGS) {
            for (const { name, parts, lines } of CASES) {
                const message = `${name} (${rounding})`;
                const order = orderOf(till, [{ price: 50 }, { price: 30, taxes: till.taxes.included }], rounding);
                const asked = parts.map(([taxes, amount, room = 0, qty = 1]) => ({
                    product: till.carrier,
                    taxes: till.taxes[taxes],
                    qty,
                    amount: amount / 100,
                    room: room / 100,
                }));
                const found = exactLines(order, asked, till.carrier);
                const measured = measure(order, found);
                const shown = found.map(({ taxes }, index) => [
                    Object.keys(till.taxes).find((key) => till.taxes[key][0] === taxes[0]),
                    measured.each[index],
                ]);
                const sorted = (rows) => rows.map((row) => row.join(" ")).sort();
                expect(sorted(shown)).toEqual(sorted(lines), { message });
                const wanted = parts.reduce((sum, [, amount]) => sum + amount, 0);
                expect(measured.order).toBe(wanted, { message: `${message}: the order's total` });
            }
        }
    });

    test("every amount is hit to the cent, whatever the taxes and the rounding", async () => {
        const till = await openTill();
        const { onTop, included, low, none } = till.taxes;
        const wrong = [];
        let tried = 0;
        for (const rounding of ROUNDINGS) {
            for (const mix of [[onTop], [included], [onTop, low], [onTop, included, none], [low, low, onTop]]) {
                const order = orderOf(till, mix.map((taxes) => ({ price: 40, taxes })), rounding);
                for (let total = 3; total <= 1500; total += 331) {
                    const share = Math.floor(total / mix.length);
                    const parts = mix.map((taxes, index) => ({
                        product: till.carrier,
                        taxes,
                        qty: 1,
                        amount: -(index ? share : total - share * (mix.length - 1)) / 100,
                        room: 1,
                    }));
                    const measured = measure(order, exactLines(order, parts, till.carrier));
                    tried += 1;
                    if (measured.sum !== -total || measured.order !== -total) {
                        wrong.push({ rounding, mix: mix.length, total, ...measured });
                    }
                }
            }
        }
        expect(wrong).toEqual([]);
        expect(tried).toBe(50);
    });

    test("another fiscal position has other taxes on the same lines", async () => {
        const till = await openTill();
        const order = orderOf(till, [{ price: 50, taxes: till.taxes.onTop }]);
        order.fiscal_position_id = till.store.models["account.fiscal.position"].create({
            id: 9001,
            name: "Abroad",
            display_name: "Abroad",
            tax_map: { [till.taxes.onTop[0].id]: [till.taxes.low[0].id] },
        });
        order.triggerRecomputeAllPrices();
        const parts = [{ product: till.carrier, taxes: till.taxes.onTop, qty: 1, amount: -4.95, room: 1 }];
        const lines = exactLines(order, parts, till.carrier);
        expect(measure(order, lines).order).toBe(-495);
        // 4.95 exists at 5.5 %, and does not at 20 %: it was priced with the taxes of the position.
        expect(lines).toHaveLength(1);
    });

    test("prices of one line: a refund's part, and totals that no price gives", async () => {
        const till = await openTill();
        const order = orderOf(till, [{ price: 50 }]);
        const cases = [
            // taxes, quantity, total in cents, whether a price gives it
            ["none", 1, -500, true],
            ["onTop", 1, -494, true],
            ["onTop", 1, -495, false],
            ["onTop", 1, -496, true],
            ["included", 1, -495, true],
            ["included", -0.33, 300, true],
            ["onTop", -0.5, 250, true],
            ["onTop", -0.5, 249, false],
            ["none", 0.01, -1, true],
            ["none", 1, 0, false],
            ["fixed", 1, -50, false],
        ];
        for (const [taxes, qty, total, exists] of cases) {
            const message = `${taxes} × ${qty} = ${total}`;
            const part = { product: till.carrier, taxes: till.taxes[taxes], qty };
            const priced = pricedLines(order, part, total / 100);
            expect(priced.length > 0).toBe(exists, { message });
            for (const line of [priced[0], priced.at(-1)].filter(Boolean)) {
                expect(measure(order, [line]).sum).toBe(total, { message });
            }
        }
    });
});
