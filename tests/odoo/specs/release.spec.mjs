import assert from "node:assert/strict";
import { eventually } from "./lib/sidecar.mjs";
import { withShop } from "./lib/spec.mjs";

const { it } = withShop("release");

async function withReward(shop, name) {
    const customer = await shop.customer(name, 100);
    const till = await shop.till();
    await till.chooseCustomer(customer.name);
    await till.addProduct("Reading Lamp");
    await till.waitForPoints(100);
    await till.redeem("5off");
    await till.line("5 off").waitFor();
    assert.deepEqual(await shop.sidecar.points(customer.id), { balance: 100, held: 100, available: 0 });
    return { customer, till };
}

function free(shop, customer) {
    return eventually("the points are free again", async () => (await shop.sidecar.points(customer.id)).available === 100);
}

it("removing the reward line gives the points back", async (shop) => {
    const { customer, till } = await withReward(shop, "Remy Removed");
    await till.selectLine("5 off");
    await till.page.keyboard.press("Backspace");
    await till.line("5 off").waitFor({ state: "detached" });
    assert.equal(await till.total(), "$ 30.00");
    await free(shop, customer);
    await till.waitForPoints(100);
    // And they can be redeemed again.
    await till.redeem("5off");
    await till.line("5 off").waitFor();
});

it("the reward line cannot be edited or discounted by hand", async (shop) => {
    const { till } = await withReward(shop, "Eddie Editor");
    for (const mode of [null, ".numpad-discount", ".numpad-price"]) {
        await till.selectLine("5 off");
        if (mode) {
            await till.page.locator(mode).click();
        }
        await till.page.keyboard.press("9");
        await till.page.locator(".modal", { hasText: "A reward cannot be changed" }).waitFor();
        await till.page.locator(".modal .btn-primary").click();
        await till.page.waitForSelector(".modal", { state: "detached" });
    }
    assert.equal(await till.total(), "$ 25.00");
    // Nor through the till's own model, by whatever road another addon might come.
    const left = await till.inspect(() => {
        const order = window.posmodel.getOrder();
        const line = order.lines.find((each) => each.loyalty_hold_id);
        line.setQuantity(3);
        line.setUnitPrice(-50);
        line.setDiscount(90);
        return [line.qty, line.price_unit, line.discount, order.priceIncl];
    });
    assert.deepEqual(left, [1, -5, 0, 25]);
});

it("cancelling the order gives the points back", async (shop) => {
    const { customer, till } = await withReward(shop, "Carl Cancelled");
    await till.page.locator(".control-buttons .more-btn").click();
    await till.page.locator(".modal button", { hasText: "Cancel Order" }).click();
    await till.page.locator(".modal .btn-primary", { hasText: /Ok|Yes|Confirm/ }).first().click();
    await free(shop, customer);
    assert.equal(await till.line("5 off").count(), 0);
});

it("choosing another customer takes the reward off and gives the points back", async (shop) => {
    // Before the till opens: it has loaded its customers by then.
    const other = await shop.customer("Otto Other");
    const { customer, till } = await withReward(shop, "Chris Changed");
    await till.chooseCustomer(other.name);
    await till.line("5 off").waitFor({ state: "detached" });
    await free(shop, customer);
    await till.waitForPoints(0);
});

it("a reward that no longer fits the order is taken off, and its points are free again", async (shop) => {
    const { customer, till } = await withReward(shop, "Sam Small");
    await till.selectLine("Reading Lamp");
    await till.page.keyboard.press("Backspace");
    await till.page.keyboard.press("Backspace");
    await till.page.locator(".o_notification", { hasText: "no longer has what it was given for: 5 off" }).waitFor();
    await till.line("5 off").waitFor({ state: "detached" });
    await free(shop, customer);
});
