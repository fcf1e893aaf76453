import assert from "node:assert/strict";
import { eventually, PROGRAM } from "./lib/sidecar.mjs";
import { withShop } from "./lib/spec.mjs";

// Rewards that follow the basket. A hold lasts long enough for a test, but where it is meant to end.
const REWARDS = [
    { code: "ten", name: "10 %", kind: "discount_percent", points: "150", percent: "10" },
    { code: "5off", name: "5 off", kind: "discount_amount", points: "100", amount: "5.00" },
    { code: "pay", name: "Pay with points", kind: "discount_per_point", rate: "0.05" },
    { code: "deal", name: "Lamp at 9.90", kind: "product_at_price", points: "50", price: "9.90" },
];

const ids = {};

async function program(shop) {
    ids.plate = await shop.product("Spec Hundred", 100.0);
    ids.lamp = await shop.product("Reading Lamp", 30.0);
    return document({});
}

function document(redemption) {
    const rewards = REWARDS.map((reward) => (reward.code === "deal" ? { ...reward, product_id: ids.lamp.id } : reward));
    return { ...PROGRAM, redemption, rewards };
}

const { it } = withShop("follow", { program });

/** So many hundreds on the order of a new customer. */
async function start(shop, name, { hundreds = 1, points = 400 } = {}) {
    const customer = await shop.customer(name, points);
    const till = await shop.till();
    await till.chooseCustomer(customer.name);
    await till.addProduct("Spec Hundred", hundreds);
    await till.waitForPoints(points.toLocaleString("en-US"));
    return { customer, till };
}

async function pieces(till, product, quantity) {
    await till.selectLine(product);
    // A number of its own: digits in quick succession are one.
    await till.inspect(() => window.posmodel.numberBuffer.reset());
    await till.page.keyboard.press(quantity);
}

const totals = (till, total) => eventually(`a total of ${total}`, async () => (await till.total()) === `$ ${total}`, 15_000);

const held = (shop, customer, points) =>
    eventually(`${points} points are held`, async () => (await shop.sidecar.points(customer.id)).held === points);

const said = (till, words) => till.page.locator(".o_notification", { hasText: words }).first().waitFor();

const nothingSaid = async (till) => assert.equal(await till.page.locator(".o_notification", { hasText: "Taken off" }).count(), 0);

it("10 % of 100 becomes 10 % of 300, and of 100 again, and the panel does the sum", async (shop) => {
    const { customer, till } = await start(shop, "Fay Follow");
    await till.redeem("ten");
    await totals(till, "90.00");
    await till.waitForSum("400 − 150 + 90 = 340");
    await shop.picture(till.page, "follow-sum");
    await pieces(till, "Spec Hundred", "3");
    await totals(till, "270.00");
    await till.waitForSum("400 − 150 + 270 = 520");
    await pieces(till, "Spec Hundred", "1");
    await totals(till, "90.00");
    await held(shop, customer, 150);
    await nothingSaid(till);
    await till.pay();
    // 400 − 150 + 90.
    await shop.everywhere(customer, 340);
});

it("is right also when the cashier pays at once", async (shop) => {
    const { customer, till } = await start(shop, "Hanna Hurry");
    await till.redeem("ten");
    await totals(till, "90.00");
    await pieces(till, "Spec Hundred", "2");
    // The key has arrived, whether or not the reward has followed.
    await eventually("two of them", async () => ["$ 190.00", "$ 180.00"].includes(await till.total()));
    await till.pay();
    assert.equal((await shop.lastOrder(customer)).amount_total, 180);
    await shop.everywhere(customer, 400 - 150 + 180);
});

it("what points pay follows both ways, and a number that was asked for is what it was again", async (shop) => {
    const { customer, till } = await start(shop, "Poppy Points", { hundreds: 1, points: 5000 });
    await till.redeem("pay");
    await totals(till, "0.00");
    await held(shop, customer, 2000);
    await pieces(till, "Spec Hundred", "2");
    await totals(till, "0.00");
    await held(shop, customer, 4000);
    await pieces(till, "Spec Hundred", "3");
    // All there are.
    await totals(till, "50.00");
    await held(shop, customer, 5000);
    await till.line("Pay with points").first().click();
    await till.page.keyboard.press("Backspace");
    await held(shop, customer, 0);
    await till.openRedeem();
    await till.page.locator(".loyalty-sidecar-points[data-reward=pay]").fill("3000");
    await till.reward("pay").click();
    await totals(till, "150.00");
    await pieces(till, "Spec Hundred", "1");
    await totals(till, "0.00");
    await held(shop, customer, 2000);
    await pieces(till, "Spec Hundred", "3");
    await totals(till, "150.00");
    await held(shop, customer, 3000);
    await nothingSaid(till);
});

it("a lamp at 9.90 after a percentage costs 9.90, whatever comes and goes beside it", async (shop) => {
    const { customer, till } = await start(shop, "Lena Lamp");
    await till.addProduct("Reading Lamp");
    await till.redeem("ten");
    await totals(till, "117.00");
    await till.redeem("deal");
    // 100.00 less a tenth, and the lamp.
    await totals(till, "99.90");
    await pieces(till, "Spec Hundred", "2");
    await totals(till, "189.90");
    // Without the percentage the lamp is 9.90 still.
    await till.line("10 %").first().click();
    await till.page.keyboard.press("Backspace");
    await totals(till, "209.90");
    await held(shop, customer, 50);
    await nothingSaid(till);
    await till.pay();
    await shop.sidecar.verify();
});

it("a lamp at 9.90 before a percentage costs 9.90 too", async (shop) => {
    const { till } = await start(shop, "Lars Lamp");
    await till.addProduct("Reading Lamp");
    await till.redeem("deal");
    await totals(till, "109.90");
    await till.redeem("ten");
    await totals(till, "99.90");
});

it("only what no longer applies at all is taken off, with a word", async (shop) => {
    const { customer, till } = await start(shop, "Oscar Off");
    await till.addProduct("Reading Lamp");
    await till.redeem("deal");
    await totals(till, "109.90");
    // The lamp itself is removed: no reward brings it back.
    await till.selectLine("Reading Lamp");
    await till.page.keyboard.press("Backspace");
    await till.page.keyboard.press("Backspace");
    await said(till, "no longer has what it was given for: Lamp at 9.90");
    await totals(till, "100.00");
    await held(shop, customer, 0);
});

it("stays as it is while the service is away, and is checked before the payment", async (shop) => {
    const { customer, till } = await start(shop, "Amy Away");
    await till.redeem("ten");
    await totals(till, "90.00");
    await shop.sidecar.kill();
    try {
        await pieces(till, "Spec Hundred", "3");
        await totals(till, "290.00");
        await till.page.waitForTimeout(1500);
        assert.equal(await till.line("10 %").count(), 1);
    } finally {
        await shop.sidecar.start();
    }
    // Paid as soon as the service answers again: the payment waits for the reward.
    await till.pay();
    await nothingSaid(till);
    assert.equal((await shop.lastOrder(customer)).amount_total, 270);
    await shop.everywhere(customer, 400 - 150 + 270);
});

it("sells with the reward as it is when the service stays away", async (shop) => {
    const { customer, till } = await start(shop, "Abe Absent");
    await till.redeem("ten");
    await totals(till, "90.00");
    await shop.sidecar.kill();
    try {
        await pieces(till, "Spec Hundred", "2");
        await totals(till, "190.00");
        await till.pay();
    } finally {
        await shop.sidecar.start();
    }
    // 400 − 150 + 190.
    await shop.everywhere(customer, 440);
});

it("a hold that ends while the order is parked is renewed when it is taken up", async (shop) => {
    await shop.sidecar.put(document({ hold_seconds: 5 }));
    try {
        const { customer, till } = await start(shop, "Paula Parked");
        await till.redeem("ten");
        await totals(till, "90.00");
        await till.parkAndStartAnother();
        await held(shop, customer, 0);
        await shop.sidecar.give(customer.id, 100);
        await till.takeUp(customer.name);
        // The figures are those of now, and the points are set aside again.
        await till.waitForPoints(500);
        await held(shop, customer, 150);
        await totals(till, "90.00");
        await nothingSaid(till);
        await till.pay();
        await shop.everywhere(customer, 500 - 150 + 90);
    } finally {
        await shop.sidecar.put(document({}));
    }
});

it("a reward whose points are gone meanwhile is taken off with a word, before the payment", async (shop) => {
    await shop.sidecar.put(document({ hold_seconds: 5 }));
    try {
        const { customer, till } = await start(shop, "Gus Gone", { points: 150 });
        await till.redeem("ten");
        await totals(till, "90.00");
        await till.parkAndStartAnother();
        await held(shop, customer, 0);
        await shop.sidecar.give(customer.id, -100);
        await till.takeUp(customer.name);
        await said(till, /Taken off: 10 %.*Not enough points/);
        await totals(till, "100.00");
        await till.waitForPoints(50);
    } finally {
        await shop.sidecar.put(document({}));
    }
});

it("a hold that ended while the service is away is taken off before the payment, with a word", async (shop) => {
    await shop.sidecar.put(document({ hold_seconds: 5 }));
    try {
        const { customer, till } = await start(shop, "Eve Ended");
        await till.redeem("ten");
        await totals(till, "90.00");
        await shop.sidecar.kill();
        await till.page.waitForTimeout(5500);
        await till.startPayment();
        await said(till, "its reservation has ended and cannot be renewed now: 10 %");
        await till.payFrom("Card");
        assert.match(await till.receipt.innerText(), /will be added shortly/);
        await shop.sidecar.start();
        await shop.everywhere(customer, 500);
    } finally {
        await shop.sidecar.put(document({})).catch(() => {});
    }
});

/** Changes the hundreds on the order, and presses the quick button for cash before the reward has followed. */
const quickPay = (till, hundreds) => till.inspect(async (hundreds) => {
    const pos = window.posmodel;
    const order = pos.getOrder();
    order.lines.find((line) => !line.loyalty_hold_id).setQuantity(hundreds);
    await pos.validateOrderFast(pos.config.payment_method_ids.find((each) => each.is_cash_count));
    return { state: order.state, payments: order.payment_ids.map(({ amount }) => amount) };
}, hundreds);

/** What was paid in and out for an order, as Odoo keeps it. */
async function paymentsOf(shop, order) {
    const payments = await shop.odoo.searchRead("pos.payment", [["pos_order_id", "=", order.id]], ["amount"]);
    return payments.map(({ amount }) => amount);
}

it("a quick payment is for the total that the rewards leave, up and down", async (shop) => {
    for (const [name, before, after, total] of [["Quinn More", 1, 3, 270], ["Quinn Less", 3, 1, 90]]) {
        const { customer, till } = await start(shop, name, { hundreds: before });
        await till.redeem("ten");
        await totals(till, `${before * 90}.00`);
        const paid = await quickPay(till, after);
        assert.deepEqual(paid.payments, [total]);
        await till.page.waitForSelector(".receipt-screen .pos-receipt");
        const sold = await shop.lastOrder(customer);
        assert.equal(sold.amount_total, total);
        assert.deepEqual(await paymentsOf(shop, sold), [total]);
        await shop.everywhere(customer, 400 - 150 + total);
        await till.close();
    }
});

it("a quick payment that came to nothing leaves no payment behind", async (shop) => {
    const { customer, till } = await start(shop, "Quentin Quiet");
    await till.redeem("ten");
    await totals(till, "90.00");
    shop.sidecar.process.kill("SIGSTOP");
    try {
        const refused = await quickPay(till, 3);
        assert.deepEqual(refused, { state: "draft", payments: [] });
        await till.page.locator(".modal", { hasText: "The reward is not confirmed yet" }).waitFor();
    } finally {
        shop.sidecar.process.kill("SIGCONT");
    }
    await till.page.locator(".modal .btn-primary").click();
    const paid = await quickPay(till, 3);
    assert.deepEqual(paid.payments, [270]);
    await till.page.waitForSelector(".receipt-screen .pos-receipt");
    await shop.everywhere(customer, 400 - 150 + 270);
});

it("while a payment is entered the total stands still, and what changes it is said", async (shop) => {
    const { customer, till } = await start(shop, "Stella Still");
    await till.redeem("ten");
    await totals(till, "90.00");
    await till.startPayment();
    await till.page.locator(".paymentmethods .paymentmethod", { hasText: "Card" }).first().click();
    const price = () => till.inspect(() => window.posmodel.getOrder().priceIncl);
    await till.inspect(() => {
        const order = window.posmodel.getOrder();
        order.lines.find((line) => !line.loyalty_hold_id).setQuantity(3);
        window.posmodel.loyaltySidecar.lookAgain();
    });
    await till.page.waitForTimeout(2000);
    assert.equal(await price(), 290);
    // Enough for the total that is on the screen.
    await till.inspect(() => window.posmodel.getOrder().payment_ids[0].setAmount(290));
    const validate = till.page.locator(".payment-screen .validation-button:visible, .payment-screen .next:visible").first();
    await validate.click();
    const word = till.page.locator(".modal", { hasText: "The total has changed" });
    await word.waitFor();
    assert.match(await word.innerText(), /The total is now \$\s*270\.00\. Check the payment and validate again\./);
    await shop.picture(till.page, "follow-total-changed");
    assert.equal((await till.inspect(() => window.posmodel.getOrder().state)), "draft");
    assert.equal(await price(), 270);
    await word.locator(".btn-primary").click();
    await till.inspect(() => window.posmodel.getOrder().payment_ids[0].setAmount(270));
    await validate.click();
    await till.page.waitForSelector(".receipt-screen .pos-receipt");
    assert.deepEqual(await paymentsOf(shop, await shop.lastOrder(customer)), [270]);
    await shop.everywhere(customer, 400 - 150 + 270);
});

it("Odoo keeps the hold of now, also of an order that was left before the reward had followed", async (shop) => {
    const { customer, till } = await start(shop, "Sam Saved");
    await till.redeem("ten");
    await totals(till, "90.00");
    const [order, first] = await till.inspect(async () => {
        const pos = window.posmodel;
        const order = pos.getOrder();
        pos.addPendingOrder([order.id]);
        await pos.syncAllOrders();
        return [order.id, order.loyaltyLines[0].loyalty_hold_id];
    });
    const kept = async () => {
        const lines = await shop.odoo.searchRead("pos.order.line", [["order_id", "=", order], ["loyalty_hold_id", "!=", false]], ["loyalty_hold_id", "price_subtotal_incl"]);
        return lines.map((line) => [line.loyalty_hold_id, line.price_subtotal_incl]);
    };
    assert.deepEqual(await kept(), [[first, -10]]);
    await pieces(till, "Spec Hundred", "3");
    await eventually("three of them", async () => ["$ 290.00", "$ 270.00"].includes(await till.total()));
    // As a restaurant does when its table is left: the order is saved as it is, and another comes on the screen.
    await till.inspect((id) => {
        const pos = window.posmodel;
        pos.addPendingOrder([id]);
        pos.syncAllOrders();
    }, order);
    await till.parkAndStartAnother();
    await eventually("the reward of now", async () => (await kept())[0]?.[1] === -30, 15_000);
    const [[second]] = await kept();
    assert.notEqual(second, first);
    await held(shop, customer, 150);
    await till.takeUp(customer.name);
    await totals(till, "270.00");
    assert.equal(await till.inspect(() => window.posmodel.getOrder().loyaltyLines[0].loyalty_hold_id), second);
    await till.pay();
    await shop.everywhere(customer, 400 - 150 + 270);
});
