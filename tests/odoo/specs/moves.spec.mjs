import assert from "node:assert/strict";
import { eventually } from "./lib/sidecar.mjs";
import { withShop } from "./lib/spec.mjs";

// A reward of 5.00 for 100 points on two lamps of 30.00, in a restaurant that parts and joins its bills.
const { it: spec } = withShop("moves");

/** A test that needs a restaurant. */
function it(title, body) {
    spec(title, async (shop, context) => {
        const restaurant = await shop.restaurant();
        if (!restaurant) {
            return context.skip("no restaurant in this Odoo");
        }
        return body(shop, restaurant);
    });
}

async function withReward(shop, restaurant, name) {
    const customer = await shop.customer(name, 100);
    const till = await shop.till(restaurant, { viewport: { width: 1024, height: 768 } });
    await till.chooseCustomer(customer.name);
    await till.addProduct("Reading Lamp", 2);
    await till.waitForPoints(100);
    await till.redeem("5off");
    await till.line("5 off").waitFor();
    assert.equal(await till.total(), "$ 55.00");
    return { customer, till };
}

const held = async (shop, customer) => (await shop.sidecar.points(customer.id)).held;

/** Bring an order to the payment screen, whatever the restaurant's buttons are called at this moment. */
async function payHere(till) {
    await till.page.locator(".pay-order-button:visible").first().click();
    await till.page.waitForSelector(".payment-screen");
    await till.payFrom("Card");
}

const bill = (till, name) => till.page.locator(".splitbill-screen .orderline", { hasText: name });

it("keeps a reward on its bill when the bill is split", async (shop, restaurant) => {
    const { customer, till } = await withReward(shop, restaurant, "Sally Parts");
    await till.controlButton("Split");
    await bill(till, "5 off").click();
    await till.page.locator(".o_notification", { hasText: "A reward stays with its order" }).waitFor();
    assert.match(await till.page.locator(".splitbill-screen .order-info").innerText(), /\b0 product/);
    await bill(till, "Reading Lamp").click();
    await till.page.locator(".splitbill-screen .order-info", { hasText: "1 product" }).waitFor();
    await shop.picture(till.page, "moves-split");
    await till.page.locator(".splitbill-screen .pay-split-order").click();
    await till.page.waitForSelector(".payment-screen");
    await till.payFrom("Card");
    // The lamp alone was paid, by nobody in particular, and the points are still for the other bill.
    const [guest] = await shop.odoo.searchRead("pos.order", [["config_id", "=", restaurant.id], ["state", "=", "paid"]], ["amount_total", "partner_id", "lines"], { order: "id desc", limit: 1 });
    assert.deepEqual([guest.amount_total, guest.partner_id, guest.lines.length], [30, false, 1]);
    assert.equal(await held(shop, customer), 100);
    await till.page.locator(".receipt-screen button[name=resume]").click();
    await till.page.locator(".splitbill-screen .back-button").click();
    await till.page.waitForSelector(".product-screen");
    assert.equal(await till.total(), "$ 25.00");
    await payHere(till);
    await shop.everywhere(customer, 20);
    assert.equal((await shop.lastOrder(customer)).amount_total, 25);
});

it("parts nothing from a bill whose every product is chosen, and leaves no reward alone", async (shop, restaurant) => {
    const { customer, till } = await withReward(shop, restaurant, "Alma All");
    await till.controlButton("Split");
    await bill(till, "Reading Lamp").click();
    await bill(till, "Reading Lamp").click();
    await till.page.locator(".splitbill-screen .order-info", { hasText: "2 product" }).waitFor();
    await till.page.locator(".splitbill-screen .split-order-button").click();
    await till.page.locator(".o_notification", { hasText: "The reward would be left alone" }).waitFor();
    // To pay for all of it is to pay for the bill.
    await till.page.locator(".splitbill-screen .pay-split-order").click();
    await till.page.waitForSelector(".payment-screen");
    await till.payFrom("Card");
    assert.equal((await shop.lastOrder(customer)).amount_total, 55);
    await shop.everywhere(customer, 50);
});

it("takes a reward off a bill that is joined to another, with a word", async (shop, restaurant) => {
    const { customer, till } = await withReward(shop, restaurant, "Tess Table");
    const [first, second] = await till.inspect(() => {
        const mine = window.posmodel.getOrder();
        const other = window.posmodel.models["restaurant.table"].find(
            (table) => table.active && !table.parent_id && table.id !== mine.table_id.id && table.floor_id.id === mine.table_id.floor_id.id
        );
        return [mine.table_id.id, other.id];
    });
    // Guests at another table.
    await till.page.locator(".pos-topheader, .navbar").getByText("Tables", { exact: true }).click();
    await till.page.locator(`.floor-screen .tableId-${second}`).click();
    await till.page.waitForSelector(".product-screen .product-list article.product");
    await till.addProduct("Coffee Cup");
    await till.page.locator(".pos-topheader, .navbar").getByText("Tables", { exact: true }).click();
    await till.page.locator(`.floor-screen .tableId-${first}`).click();
    await till.line("5 off").waitFor();
    await till.controlButton("Transfer / Merge");
    await till.page.locator(`.floor-screen .tableId-${second}`).click();
    await till.page.locator(".o_notification", { hasText: "a reward belongs to one order and its customer: 5 off" }).waitFor();
    await till.line("Coffee Cup").waitFor();
    assert.equal(await till.total(), "$ 67.50");
    assert.equal(await till.line("5 off").count(), 0);
    await eventually("the points are free", async () => (await shop.sidecar.points(customer.id)).available === 100);
    // The customer can have it on the bill that is left.
    await till.chooseCustomer(customer.name);
    await till.waitForPoints(100);
    await till.redeem("5off");
    await till.line("5 off").waitFor();
    await payHere(till);
    assert.equal((await shop.lastOrder(customer)).amount_total, 62.5);
    await shop.everywhere(customer, 60);
});

it("moves an order with its customer and its reward to a table that is free", async (shop, restaurant) => {
    const { customer, till } = await withReward(shop, restaurant, "Mona Moves");
    const free = await till.inspect(() => {
        const mine = window.posmodel.getOrder();
        return window.posmodel.models["restaurant.table"].find(
            (table) => table.active && !table.parent_id && table.floor_id.id === mine.table_id.floor_id.id && !table.getOrders().length
        ).id;
    });
    await till.controlButton("Transfer / Merge");
    await till.page.locator(`.floor-screen .tableId-${free}`).click();
    await till.line("5 off").waitFor();
    assert.equal(await till.total(), "$ 55.00");
    assert.equal(await held(shop, customer), 100);
    await payHere(till);
    await shop.everywhere(customer, 50);
});

it("shows a reward on an order of courses", async (shop, restaurant) => {
    await shop.product("Onion Soup", 7.5);
    await shop.product("Sea Bass", 22.5);
    const customer = await shop.customer("Cora Lane", 100);
    const till = await shop.till(restaurant, { viewport: { width: 1024, height: 768 } });
    await till.chooseCustomer(customer.name);
    await till.addProduct("Onion Soup", 2);
    await till.page.locator(".control-buttons .course-btn").click();
    await till.addProduct("Sea Bass");
    await till.waitForPoints(100);
    await till.redeem("5off");
    await till.line("5 off").waitFor();
    assert.equal(await till.total(), "$ 32.50");
    await till.waitForSum("100 − 100 + 30 = 30");
    await shop.picture(till.page, "moves-courses");
    await shop.describe(till.page, "till_restaurant");
});

it("refuses payment while a reward has no points of the order's customer behind it", async (shop, restaurant) => {
    const { customer, till } = await withReward(shop, restaurant, "Stray Copy");
    // As another module would: the line on an order of nobody's.
    await till.inspect(() => {
        const pos = window.posmodel;
        const [line] = pos.getOrder().loyaltyLines;
        const table = pos.getOrder().table_id;
        const { uuid, id, ...raw } = line.raw;
        const other = pos.createNewOrder();
        other.floating_order_name = `Copy of ${table.table_number}`;
        pos.models["pos.order.line"].create({ ...raw, order_id: other.id }, false, true);
        pos.setOrder(other);
        pos.navigate("ProductScreen", { orderUuid: other.uuid });
    });
    await till.addProduct("Reading Lamp");
    await eventually("25.00", async () => (await till.total()) === "$ 25.00");
    await till.page.locator(".pay-order-button:visible").first().click();
    const refusal = till.page.locator(".modal", { hasText: "A reward without its points" });
    await refusal.waitFor();
    await shop.picture(till.page, "moves-stray");
    assert.match(await refusal.innerText(), /Loyalty Reward[\s\S]*redeem again for the customer of this order/);
    await refusal.locator(".btn", { hasText: "Back" }).click();
    // Nor by the payment screen, if one comes there otherwise.
    const paid = await till.inspect(async () => {
        const order = window.posmodel.getOrder();
        const [method] = window.posmodel.config.payment_method_ids.filter((each) => !each.is_cash_count && !each.split_transactions);
        order.addPaymentline(method);
        await window.posmodel.validateOrderFast?.(method);
        return order.state;
    });
    assert.equal(paid, "draft");
    await refusal.first().waitFor();
    await refusal.first().locator(".btn", { hasText: "Take it off" }).click();
    await eventually("30.00", async () => till.inspect(() => window.posmodel.getOrder().priceIncl === 30));
    // The first order has what it had.
    assert.equal(await held(shop, customer), 100);
});
