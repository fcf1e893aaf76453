import { describe, expect, test } from "@odoo/hoot";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { isRenewal, putInPlace, takeRefusal } from "@loyalty_sidecar/app/utils/reward_answers";
import { basisOf } from "@loyalty_sidecar/app/utils/reward_basis";
import { cents, HOLD, openTill, redeemed } from "./till";

definePosModels();

describe("a refusal", () => {
    // The error; the question; the order; and what is noted or taken off.
    const CASES = [
        { kind: "hold_expired", noted: { ended: true } },
        { kind: "hold_released", noted: { ended: true } },
        { kind: "unknown_hold", noted: { ended: true } },
        { kind: "hold_of_other_order", noted: { ended: true } },
        { kind: "hold_captured", noted: { basis: "asked", ended: undefined } },
        { kind: "order_too_small", data: { maximum_points: "40" }, pending: "40" },
        { kind: "order_too_small", data: { maximum_points: "0" }, noted: { basis: "asked" } },
        { kind: "insufficient_points", noted: { basis: "asked" } },
        { kind: "insufficient_points", small: true, takenOff: [HOLD, "off", "words"] },
        { kind: "insufficient_points", anew: true, takenOff: [HOLD, "refused", "words"] },
        { kind: "hold_expired", anew: true, takenOff: [HOLD, "refused", "words"] },
    ];

    test("each kind has its effect", async () => {
        const till = await openTill();
        for (const { kind, data, small, anew, noted, pending, takenOff } of CASES) {
            const message = `${kind} ${JSON.stringify({ data, small, anew })}`;
            const { order, sidecar, told, question } = redeemed(till);
            if (small) {
                order.lines[1].setUnitPrice(0);
                order.lines[0].setUnitPrice(2);
            }
            if (anew) {
                question.choice.replaces = undefined;
            }
            takeRefusal(sidecar, order, HOLD, { kind, data, message: "words" }, question);
            const grant = order.loyaltyHolds[HOLD];
            for (const [name, value] of Object.entries(noted || {})) {
                expect(grant[name]).toBe(value, { message: `${message}: ${name}` });
            }
            expect(grant.pending?.choice.points).toBe(pending, { message });
            if (pending) {
                expect(grant.pending.choice.idempotency_key).toBe("new key", { message });
                expect(grant.pending.isSent).toBe(false, { message });
            }
            expect(told.takenOff).toEqual(takenOff ? [takenOff] : [], { message });
        }
    });
});

describe("a new hold in the place of the old one", () => {
    // What the service grants now, whether the amounts stay, and what the order's discount is after it.
    const CASES = [
        { name: "the same", discount: "6.00", renewal: true, after: 600 },
        { name: "less", discount: "4.50", renewal: false, after: 450 },
        { name: "more", discount: "7.00", renewal: false, after: 700 },
        { name: "the order has changed meanwhile", discount: "4.50", changed: true, renewal: false, after: 600 },
    ];

    test("its lines carry it, at what it takes off now", async () => {
        const till = await openTill();
        for (const { name, discount, changed, renewal, after } of CASES) {
            const { order, sidecar, told, question } = redeemed(till);
            question.basis = basisOf(order, HOLD);
            if (changed) {
                order.lines[0].setQuantity(2);
            }
            const hold = { hold_id: "hold-2", kind: "discount_amount", points: "60", discount, expires_in_seconds: 900 };
            expect(isRenewal(order, HOLD, { ok: true, result: hold }, question)).toBe(renewal, { message: name });
            putInPlace(sidecar, order, HOLD, hold, question);
            expect(Object.keys(order.loyaltyHolds)).toEqual(["hold-2"], { message: name });
            const lines = order.lines.filter((line) => line.loyalty_hold_id);
            expect(lines.every((line) => line.loyalty_hold_id === "hold-2")).toBe(true, { message: name });
            expect(-lines.reduce((sum, line) => sum + cents(line.priceIncl), 0)).toBe(after, { message: name });
            // What has changed meanwhile is asked about again.
            expect(order.loyaltyHolds["hold-2"].basis === basisOf(order, "hold-2")).toBe(!changed, { message: name });
            expect(told).toEqual({ takenOff: [], released: [] }, { message: name });
        }
    });

    test("a product that the cashier removed does not come back", async () => {
        const till = await openTill();
        const { order, sidecar, told, question } = redeemed(till, "free_product");
        question.basis = basisOf(order, HOLD);
        const hold = { hold_id: "hold-2", kind: "free_product", points: "60", discount: "0", product_id: 8, add_quantity: "1" };
        putInPlace(sidecar, order, HOLD, hold, question);
        expect(told).toEqual({ takenOff: [[HOLD, "off", undefined]], released: [["hold-2", "product removed"]] });
    });
});
