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
