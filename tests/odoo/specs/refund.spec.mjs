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
            { code: "ten", name: "10 %", kind: "discount_percent", points: "200", percent: "10" },
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

it("chooses the share of a reward with the goods that it was for, to the cent", async (shop) => {
    const customer = await shop.customer("Shay Red", 200);
    const till = await shop.till();
    await till.chooseCustomer(customer.name);
    await till.addProduct("Reading Lamp", 3);
    await till.waitForPoints(200);
    await till.redeem("ten");
    await till.line("10 %").waitFor();
    assert.equal(await till.total(), "$ 81.00");
    await till.waitForEarns(80);
    await till.pay();
    await shop.everywhere(customer, 80);
    const sold = await shop.lastOrder(customer);

    // One lamp of the three, for which 27.00 were paid: a third of the 9.00 off comes back, although a quantity has two digits.
    await till.newOrder();
    await till.openRefund(sold);
    await till.refundLine("Reading Lamp", "1");
    const taken = till.refundNotes("10 %");
    await taken.filter({ hasText: /To Refund:\s*0\.33/ }).waitFor();
    await taken.filter({ hasText: /Less to pay back:\s*\$\s*3\.00/ }).waitFor();
    await till.page.locator(".loyalty-sidecar-refund-hint", { hasText: /Rewards:\s*\$\s*3\.00 less to pay back/ }).waitFor();
    await shop.picture(till.page, "refund-share");
    // The cashier may think again: all three, or none, and the share follows.
    await till.page.locator(".ticket-screen .numpad button", { hasText: "⌫" }).click();
    await taken.first().waitFor({ state: "detached" });
    await till.refundLine("Reading Lamp", "1");
    await taken.filter({ hasText: /To Refund:\s*0\.33/ }).waitFor();
    await till.doRefund();
    assert.equal(await till.inspect(() => window.posmodel.getOrder().priceIncl), -27);
    await till.payFrom("Card");
    // 54.00 are left: 50 earned instead of 80, and 0.33 of the 200 points given back.
    await till.receipt.locator(".loyalty-sidecar-total", { hasText: /^116 points/ }).waitFor();
    await shop.everywhere(customer, 116);
    assert.equal((await shop.lastOrder(customer)).amount_total, -27);

    // The other two: all of it has come back, the money and the points.
    await till.newOrder();
    await till.openRefund(sold);
    await till.refundLine("Reading Lamp", "2");
    await taken.filter({ hasText: /To Refund:\s*0\.67/ }).waitFor();
    await till.doRefund();
    await till.payFrom("Card");
    await till.receipt.locator(".loyalty-sidecar-total", { hasText: /^200 points/ }).waitFor();
    await shop.everywhere(customer, 200);
    assert.equal((await shop.lastOrder(customer)).amount_total, -54);
});

it("pays back no more than was paid, of two taxes, and leaves a share out when the cashier says so", async (shop) => {
    const customer = await shop.customer("Leah Vout", 300);
    const till = await shop.till();
    await till.chooseCustomer(customer.name);
    await till.addProduct("Spec Book");
    await till.addProduct("Spec Mug", 2);
    await till.waitForPoints(300);
    // 30.00 with 6 % within, 19.20 with 20 % on top: 4.92 off, and 5.00 more off what is left.
    await till.redeem("ten");
    await till.line("10 %").first().waitFor();
    await till.redeem("5off");
    await till.line("5 off").first().waitFor();
    assert.equal(await till.total(), "$ 39.28");
    await till.pay();
    await shop.everywhere(customer, 30);
    const sold = await shop.lastOrder(customer);
    assert.equal(sold.amount_total, 39.28);

    // All goods are chosen, line by line: without the rewards they would be 49.20.
    await till.newOrder();
    await till.openRefund(sold);
    await till.refundLine("Spec Book", "1");
    // The mugs' share is not the book's.
    assert.equal(await till.page.locator(".ticket-screen .loyalty-sidecar-taken-off").count(), 2);
    await till.refundLine("Spec Mug", "2");
    assert.equal(await till.page.locator(".ticket-screen .loyalty-sidecar-taken-off").count(), 4);
    // Left out by hand, of both taxes, it stays out whatever is chosen next; then it is chosen again.
    const first = till.page.locator(".ticket-screen .orderline", { hasText: "5 off" }).first();
    await first.click();
    await till.page.locator(".ticket-screen .numpad button", { hasText: "⌫" }).click();
    await eventually("the reward is left out", async () => (await till.page.locator(".ticket-screen .loyalty-sidecar-taken-off").count()) === 2);
    await till.refundLine("Spec Mug", "1");
    assert.equal(await till.refundNotes("5 off").count(), 0);
    await till.refundLine("Spec Mug", "2");
    await shop.picture(till.page, "refund-left-out");
    await first.click();
    await till.page.locator(".ticket-screen .numpad button", { hasText: "1" }).first().click();
    await eventually("the reward is back", async () => (await till.page.locator(".ticket-screen .loyalty-sidecar-taken-off").count()) === 4);
    await till.doRefund();
    assert.equal(await till.inspect(() => window.posmodel.getOrder().priceIncl), -39.28);
    await till.payFrom("Card");
    await till.receipt.locator(".loyalty-sidecar-total", { hasText: /^300 points/ }).waitFor();
    await shop.everywhere(customer, 300);
    assert.equal((await shop.lastOrder(customer)).amount_total, -39.28);
});

it("quotes an exchange as it is posted", async (shop) => {
    const customer = await shop.customer("Exa Change");
    const till = await shop.till();
    await till.chooseCustomer(customer.name);
    await till.addProduct("Reading Lamp");
    await till.addProduct("Coffee Cup", 2);
    await till.waitForEarns(40);
    await till.pay();
    await shop.everywhere(customer, 40);
    const sold = await shop.lastOrder(customer);

    // A cup of 7.50 comes back, a lamp of 30.00 and a mug of 9.60 go out.
    await till.newOrder();
    await till.openRefund(sold);
    await till.refundLine("Coffee Cup", "1");
    await till.doRefund();
    await till.sellOnRefund("Reading Lamp");
    await till.sellOnRefund("Spec Mug");
    const [cups] = await shop.odoo.searchRead(
        "pos.order.line", [["order_id", "=", sold.id], ["qty", "=", 2]], ["id"]
    );
    const drafted = await till.inspect(() => window.posmodel.loyaltySidecar.draftOf(window.posmodel.getOrder()).lines);
    assert.deepEqual(
        drafted.map((line) => [line.qty, line.price_subtotal_incl, line.refunded_line_id]),
        [[-1, -7.5, cups.id], [1, 30, undefined], [1, 9.6, undefined]]
    );
    // 39.60 earn 30, and the first sale keeps 37.50, which earn 30 instead of 40. Of the 32.10 to pay it would be 30 in all.
    const quote = await till.inspect(async () => {
        const known = await window.posmodel.loyaltySidecar.refresh(window.posmodel.getOrder());
        const { earns, takes_back, balance_after } = known.programs[0];
        return [earns, takes_back, balance_after].map(Number);
    });
    assert.deepEqual(quote, [30, 10, 60]);
    await till.page.locator(".payment-screen .back:visible, .payment-screen button:has(.oi-chevron-left):visible").first().click();
    await till.waitForEarns(30);
    await till.panel.locator(".loyalty-sidecar-takes-back", { hasText: /^−10$/ }).waitFor();
    await shop.picture(till.page, "exchange");
    await till.pay();
    await till.receipt.locator(".loyalty-sidecar-total", { hasText: /^60 points/ }).waitFor();
    await shop.picture(till.page, "exchange-receipt");
    await shop.everywhere(customer, 60);
    const exchange = await shop.lastOrder(customer);
    const posted = (await shop.sidecar.entries(customer.id)).filter((entry) => entry.cause.uuid === exchange.uuid);
    assert.deepEqual(posted.map(({ kind, points }) => [kind, points]).sort(), [["clawback", -10], ["earn", 30]]);
});

it("takes back the share of goods whose part of a reward is smaller than any quantity", async (shop) => {
    await shop.product("Spec Stove", 498.0);
    await shop.product("Spec Sugar", 2.0);
    const customer = await shop.customer("Minnie Mum", 200);
    const till = await shop.till();
    await till.chooseCustomer(customer.name);
    await till.addProduct("Spec Stove");
    await till.addProduct("Spec Sugar");
    await till.waitForPoints(200);
    await till.redeem("ten");
    await till.line("10 %").waitFor();
    assert.equal(await till.total(), "$ 450.00");
    await till.pay();
    await shop.everywhere(customer, 450);
    const sold = await shop.lastOrder(customer);

    // 2.00 of the 500.00: 0.20 of the 50.00 off, four thousandths of the reward's line.
    await till.newOrder();
    await till.openRefund(sold);
    await till.refundLine("Spec Sugar", "1");
    await till.refundNotes("10 %").filter({ hasText: /Less to pay back:\s*\$\s*0\.20/ }).waitFor();
    await till.doRefund();
    assert.equal(await till.inspect(() => window.posmodel.getOrder().priceIncl), -1.8);
    await till.payFrom("Card");
    await till.page.waitForSelector(".receipt-screen .pos-receipt");

    // The rest: 450.00 have come back in all, and the reward whole.
    await till.newOrder();
    await till.openRefund(sold);
    await till.refundLine("Spec Stove", "1");
    await till.refundNotes("10 %").filter({ hasText: /Less to pay back:\s*\$\s*49\.80/ }).waitFor();
    await till.doRefund();
    assert.equal(await till.inspect(() => window.posmodel.getOrder().priceIncl), -448.2);
    await till.payFrom("Card");
    await shop.everywhere(customer, 200);
    const [line] = await shop.odoo.searchRead("pos.order.line", [["order_id", "=", sold.id], ["loyalty_hold_id", "!=", false]], ["qty", "refunded_qty"]);
    assert.deepEqual([line.qty, line.refunded_qty], [1, 1]);
});
