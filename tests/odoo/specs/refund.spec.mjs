import assert from "node:assert/strict";
import { eventually, PROGRAM } from "./lib/sidecar.mjs";
import { withShop } from "./lib/spec.mjs";

const ids = {};

async function program(shop) {
    ids.onTop = await shop.tax("Spec 20 % on top", 20, false);
    ids.mug = await shop.product("Spec Mug", 8.0, { taxes: [ids.onTop] });
    ids.book = await shop.product("Spec Book", 30.0, { taxes: [await shop.tax("Spec 6 % within", 6, true)] });
    return {
        ...PROGRAM,
        rewards: [
            ...PROGRAM.rewards,
            { code: "mug", name: "A free mug", kind: "free_product", points: "50", product_id: ids.mug.id, quantity: "1" },
        ],
    };
}

const { it } = withShop("refund", { program });

it("refunds part of an order with its rewards from the till, and every place tells the same balance", async (shop) => {
    const customer = await shop.customer("Reba Fund", 150);
    const till = await shop.till();
    await till.chooseCustomer(customer.name);
    await till.addProduct("Spec Book", 4);
    await till.waitForPoints(150);
    await till.redeem("5off");
    await till.line("5 off").waitFor();
    await till.redeem("mug");
    await till.line("A free mug").waitFor();
    assert.equal(await till.total(), "$ 115.00");
    await till.waitForEarns(110);
    await till.pay();
    assert.match(await till.receipt.locator(".loyalty-sidecar-total").innerText(), /^110 points/);
    await shop.everywhere(customer, 110);
    const sold = await shop.lastOrder(customer);

    // One of the four books, the discount and the mug come back.
    await till.newOrder();
    await till.openRefund(sold);
    await till.refundLine("Spec Book", "1");
    await till.refundLine("5 off", "1");
    await till.refundLine("A free mug", "1");
    await shop.picture(till.page, "refund-screen");
    await till.doRefund();
    const lines = await till.inspect(() => window.posmodel.getOrder().lines.map((line) => ({
        name: line.orderDisplayProductName.name, qty: line.qty, hold: line.loyalty_hold_id || false, refunds: Boolean(line.refunded_orderline_id),
    })));
    assert.deepEqual(lines, [
        { name: "Spec Book", qty: -1, hold: false, refunds: true },
        { name: "5 off", qty: -1, hold: false, refunds: true },
        { name: "A free mug (Spec Mug)", qty: -1, hold: false, refunds: true },
    ]);
    await till.payFrom("Card");
    // 90.00 are left of the sale, without a discount: 90 earned instead of 110, and 150 points given back.
    await till.receipt.locator(".loyalty-sidecar-total", { hasText: /^240 points/ }).waitFor();
    await shop.picture(till.page, "refund-receipt");
    assert.match(await till.receipt.innerText(), /Taken back:\s*20 points/);
    assert.match(await till.receipt.innerText(), /Given back:\s*150 points/);
    await shop.everywhere(customer, 240);
    assert.equal((await shop.sidecar.points(customer.id)).held, 0);
    const refund = await shop.lastOrder(customer);
    assert.equal(refund.amount_total, -25);
    const written = await shop.odoo.searchRead(
        "pos.order.line", [["order_id", "=", refund.id]], ["loyalty_hold_id", "refunded_orderline_id"]
    );
    assert.ok(written.every((line) => !line.loyalty_hold_id && line.refunded_orderline_id));

    // The rest comes back too, and the ledger is where it was: 150 given, nothing earned.
    await till.newOrder();
    await till.openRefund(sold);
    await till.refundLine("Spec Book", "3");
    await till.doRefund();
    await till.payFrom("Card");
    await till.receipt.locator(".loyalty-sidecar-total", { hasText: /^150 points/ }).waitFor();
    await shop.everywhere(customer, 150);
});
