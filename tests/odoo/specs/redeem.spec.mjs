import assert from "node:assert/strict";
import { Shop } from "./lib/shop.mjs";
import { eventually } from "./lib/sidecar.mjs";
import { withShop } from "./lib/spec.mjs";

const { it } = withShop("redeem");

it("earns on a sale, redeems on the next, and every place tells the same balance", async (shop) => {
    const customer = await shop.customer("Ada Marsh");
    const form = await shop.form(customer);
    const till = await shop.till();

    // The first order: four lamps of 30.00 are 120.00, which earns 120 points.
    await till.chooseCustomer(customer.name);
    await till.waitForPoints(0);
    await till.addProduct("Reading Lamp", 4);
    await till.waitForEarns(120);
    const paidAt = await till.pay();
    assert.match(await till.receipt.locator(".loyalty-sidecar-earned").innerText(), /^120 points/);
    assert.match(await till.receipt.locator(".loyalty-sidecar-total").innerText(), /^120 points/);

    // Within two seconds of the payment the points are on the customer's form.
    await eventually("120 points on the form", async () => {
        await form.locator(".o_loyalty_sidecar_again").click();
        return (await Shop.formPoints(form)) === 120;
    }, 2_000 - (Date.now() - paidAt));

    // The next order: one lamp, 5 off for 100 points.
    await till.newOrder();
    await till.chooseCustomer(customer.name);
    await till.waitForPoints(120);
    await till.addProduct("Reading Lamp");
    await till.waitForEarns(30);
    await till.openRedeem();
    assert.match(await till.reward("5off").innerText(), /5 off[\s\S]*100 points[\s\S]*5\.00/);
    // What can be had comes first; the rest is folded away, and says what is missing.
    assert.equal(await till.reward("50off").count(), 0);
    await till.unfold();
    assert.match(await till.reward("50off").innerText(), /1,?000 points[\s\S]*Missing: 880/);
    assert.doesNotMatch(await till.reward("50off").innerText(), /50\.00/);
    assert.match(await till.reward("50off").locator(".loyalty-sidecar-reason").innerText(), /1,?000 needed, 120 available/);
    await till.reward("5off").click();
    await till.line("5 off").waitFor();
    assert.equal(await till.total(), "$ 25.00");
    // 25.00 earns 20; of the 120 points 100 are held.
    await till.waitForSum("120 − 100 + 20 = 40");
    await till.waitForEarns(20);
    await till.pay();
    const receipt = await till.receipt.innerText();
    assert.match(receipt, /20 points/);
    assert.match(await till.receipt.locator(".loyalty-sidecar-earned").innerText(), /^20 points/);
    assert.match(await till.receipt.locator(".loyalty-sidecar-redeemed").innerText(), /^100 points/);
    assert.match(await till.receipt.locator(".loyalty-sidecar-total").innerText(), /^40 points/);

    // 120 − 100 + 20, in the API, in the ledger, on the form and in Odoo.
    await eventually("a balance of 40", async () => (await shop.sidecar.points(customer.id)).balance === 40);
    assert.deepEqual(await shop.sidecar.points(customer.id), { balance: 40, held: 0, available: 40 });
    const order = await shop.lastOrder(customer);
    assert.equal(order.state, "paid");
    assert.equal(order.amount_total, 25);
    const entries = await shop.sidecar.entries(customer.id);
    assert.deepEqual(
        entries.map(({ kind, points }) => [kind, points]).sort(),
        [["earn", 120], ["earn", 20], ["redeem", -100]]
    );
    assert.equal(entries[0].balance_after, 40);
    const redeemed = entries.find(({ kind }) => kind === "redeem");
    assert.equal(redeemed.cause.uuid, order.uuid);
    await shop.form(customer, form);
    assert.equal(await Shop.formPoints(form), 40);
    await shop.sidecar.verify();

    // The history shows each entry and opens the document that caused it.
    await form.locator(".o_loyalty_sidecar_open_history").click();
    await form.waitForSelector(".o_loyalty_sidecar_history[data-status=ready]");
    assert.equal(await form.locator(".o_loyalty_sidecar_entry").count(), 3);
    await form.locator(".o_loyalty_sidecar_entry[data-kind=redeem] .o_loyalty_sidecar_document").click();
    await form.waitForSelector(".o_form_view");
    await form.locator(".o_breadcrumb, .o_control_panel", { hasText: order.name }).first().waitFor();

    // The hold stands in Odoo's line, whose total with tax is exactly the discount.
    const lines = await shop.odoo.searchRead(
        "pos.order.line", [["order_id", "=", order.id]], ["loyalty_hold_id", "price_subtotal_incl"]
    );
    const reward = lines.find((line) => line.loyalty_hold_id);
    assert.equal(reward.price_subtotal_incl, -5);
    assert.deepEqual(till.page.problems.filter((problem) => !problem.includes("selfie_segmentation")), []);
});

it("pays with points up to what the order allows", async (shop) => {
    const customer = await shop.customer("Paula Points", 1000);
    const till = await shop.till();
    await till.chooseCustomer(customer.name);
    await till.addProduct("Coffee Cup");
    await till.openRedeem();
    // 7.50 at 0.05 a point: 150 points, the maximum that fits.
    assert.match(await till.reward("pay").innerText(), /150 points[\s\S]*7\.50/);
    await till.reward("pay").click();
    await till.line("Pay with points").waitFor();
    assert.equal(await till.total(), "$ 0.00");
    assert.deepEqual(await shop.sidecar.points(customer.id), { balance: 1000, held: 150, available: 850 });
});

it("pays with as many points as the cashier types, shown live, and refuses what cannot be", async (shop) => {
    const customer = await shop.customer("Tina Typed", 1000);
    const till = await shop.till();
    await till.chooseCustomer(customer.name);
    await till.addProduct("Coffee Cup");
    await till.openRedeem();
    const input = till.page.locator(".loyalty-sidecar-points[data-reward=pay]");
    const problem = till.page.locator(".loyalty-sidecar-dialog .loyalty-sidecar-problem");
    for (const [typed, words] of [
        ["160", "150 points at most."],
        ["49", "50 points at least."],
        ["many", "“many” is not a number."],
        ["60.123", "Points have two decimals at most."],
    ]) {
        await input.fill(typed);
        await problem.filter({ hasText: words }).waitFor();
        assert.ok(await till.reward("pay").isDisabled(), typed);
        await input.press("Enter");
        assert.equal((await shop.sidecar.points(customer.id)).held, 0, typed);
    }
    // 60.3 points at 0.05 are 3.015, which are 3.01: rounded down to the currency, as the sidecar will.
    await input.fill("60.3");
    await problem.waitFor({ state: "detached" });
    assert.match(await till.reward("pay").innerText(), /60\.3 points[\s\S]*3\.01/);
    // Enter in the field presses its button.
    await input.press("Enter");
    await till.line("Pay with points (60.3 points)").waitFor();
    assert.equal(await till.total(), "$ 4.49");
    assert.deepEqual(await shop.sidecar.points(customer.id), { balance: 1000, held: 60.3, available: 939.7 });

    // Paid so, the receipt, the ledger and the form agree: 1000 − 60.3, and 4.49 earns nothing.
    await till.pay();
    assert.match(await till.receipt.locator(".loyalty-sidecar-redeemed").innerText(), /^60\.3 points/);
    assert.match(await till.receipt.locator(".loyalty-sidecar-total").innerText(), /^939\.7 points/);
    await shop.everywhere(customer, 939.7);
});

it("asks once the cashier pauses, and never per key", async (shop) => {
    const customer = await shop.customer("Kay Stroke", 10);
    const till = await shop.till();
    await till.chooseCustomer(customer.name);
    await till.waitForPoints(10);
    let asked = 0;
    till.page.on("request", (request) => {
        asked += request.url().includes("/pos.config/loyalty_sidecar_refresh") ? 1 : 0;
    });
    await till.addProduct("Reading Lamp");
    for (const key of ["1", "2", "3"]) {
        await till.page.keyboard.press(key);
        // Slower than a barcode scanner, for which the till would take it; quicker than the pause.
        await till.page.waitForTimeout(150);
    }
    await till.waitForEarns("3,690");
    assert.ok(asked <= 2, `asked ${asked} times for one product and three keys`);
});
