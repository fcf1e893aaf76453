import assert from "node:assert/strict";
import { eventually, PROGRAM } from "./lib/sidecar.mjs";
import { withShop } from "./lib/spec.mjs";

// A point for each whole 1.00 of what was paid for goods, and 5 more for each menu, which is one unit.
const WIDTHS = { phone: [390, 844], tablet: [1024, 768], desk: [1440, 900] };
const ids = {};

async function program(shop) {
    await openRestaurant(shop);
    ids.soup = await shop.product("Spec Soup", 6.0);
    ids.cake = await shop.product("Spec Cake", 4.0);
    ids.salad = await shop.product("Spec Salad", 6.0);
    ids.menu = await menu(shop, "Spec Menu", 10.0, [[ids.soup, ids.salad], [ids.cake]]);
    ids.buffet = await shop.product("Spec Buffet", 100.0);
    return {
        ...PROGRAM,
        earning: {
            rules: [
                { code: "base", kind: "per_amount", every: "1.00", points: "1", step: "whole" },
                { code: "menus", kind: "per_unit", points: "5", scope: { product_ids: [ids.menu.id] } },
            ],
        },
        rewards: [
            { code: "menu10", name: "10 % off menus", kind: "discount_percent", points: "50", percent: "10", scope: { product_ids: [ids.menu.id] } },
            { code: "pay", name: "Pay with points", kind: "discount_per_point", rate: "0.05", minimum_points: "50" },
        ],
    };
}

/** A restaurant's till that takes tips and down payments, and a waiter who may also see sale orders. */
async function openRestaurant(shop) {
    const [company] = shop.configs[0].company_id;
    const [config] = await shop.odoo.searchRead(
        "pos.config", [["module_pos_restaurant", "=", true], ["company_id", "=", company]], ["name", "company_id", "currency_id"], { order: "id", limit: 1 }
    );
    const [deposit] = await shop.odoo.searchRead("ir.model.data", [["module", "=", "pos_sale"], ["name", "=", "default_downpayment_product"]], ["res_id"]);
    if (!config || !deposit) {
        return;
    }
    ids.restaurant = config;
    ids.deposit = deposit.res_id;
    await shop.odoo.call("pos.config", "write", [
        [config.id],
        { iface_tipproduct: true, set_tip_after_payment: false, down_payment_product_id: ids.deposit, default_screen: "tables" },
    ]);
    // Odoo's demo data has guests at the tables.
    const drafts = await shop.odoo.call("pos.order", "search", [[["config_id", "=", config.id], ["state", "=", "draft"]]]);
    if (drafts.length) {
        await shop.odoo.call("pos.order", "action_pos_order_cancel", [drafts]);
    }
    const [{ tip_product_id: tip }] = await shop.odoo.call("pos.config", "read", [[config.id], ["tip_product_id"]]);
    ids.tip = tip[0];
    const [sales] = await shop.odoo.searchRead("ir.model.data", [["module", "=", "sales_team"], ["name", "=", "group_sale_salesman_all_leads"]], ["res_id"]);
    const [waiter] = await shop.odoo.searchRead("res.users", [["login", "=", shop.cashier.login]], ["id"]);
    await shop.odoo.call("res.users", "write", [[waiter.id], { group_ids: [[4, sales.res_id]] }]);
}

/** A combo of these parts, a choice for each; what it costs is spread over what was chosen. */
async function menu(shop, name, price, parts) {
    const combos = [];
    for (const [index, choices] of parts.entries()) {
        combos.push(await shop.odoo.create("product.combo", {
            name: `${name} ${index + 1}`,
            combo_item_ids: choices.map((choice) => [0, 0, { product_id: choice.id }]),
        }));
    }
    return shop.product(name, price, { values: { type: "combo", combo_ids: [[6, 0, combos]] } });
}

/** A quotation of one buffet for 100.00, before its down payment. */
async function quotation(shop, customer) {
    const id = await shop.odoo.create("sale.order", {
        partner_id: customer.id,
        order_line: [[0, 0, { product_id: ids.buffet.id, product_uom_qty: 1, price_unit: 100, tax_ids: [[6, 0, []]] }]],
    });
    const [{ name }] = await shop.odoo.call("sale.order", "read", [[id], ["name"]]);
    return name;
}

/** The screen at each width, where tests/run collects pictures. */
async function pictures(shop, till, name) {
    for (const [width, [x, y]] of Object.entries(WIDTHS)) {
        await till.page.setViewportSize({ width: x, height: y });
        await till.page.waitForTimeout(400);
        // A phone shows the products or the order.
        const cart = till.page.locator(".product-screen .review-button");
        if (!(await till.page.locator(".modal").count()) && (await cart.isVisible())) {
            await cart.click();
        }
        await shop.picture(till.page, `restaurant-${name}-${width}`);
    }
    await resize(till, "tablet");
}

async function resize(till, width) {
    const [x, y] = WIDTHS[width];
    await till.page.setViewportSize({ width: x, height: y });
    await till.page.waitForTimeout(400);
}

const { it } = withShop("restaurant", { program });

it("serves a menu with a tip and a down payment: quote, receipt and ledger say the same", async (shop, context) => {
    if (!ids.restaurant) {
        return context.skip("no restaurant, or no pos_sale, in this Odoo");
    }
    const customer = await shop.customer("Mena Tip", 100);
    const banquet = await quotation(shop, customer);
    const till = await shop.till(ids.restaurant, { viewport: { width: 1024, height: 768 } });
    await till.chooseCustomer(customer.name);
    await till.waitForPoints(100);

    // The menu costs 10.00, on its parts' lines; the salad is the choice that was not taken.
    await till.addCombo("Spec Menu", "Spec Soup");
    await till.waitForEarns(15);
    assert.equal(await till.total(), "$ 10.00");
    const drafted = await till.inspect(() => window.posmodel.loyaltySidecar.draftOf(window.posmodel.getOrder()).lines);
    assert.equal(drafted.length, 3);
    const [parent] = drafted.filter((line) => !line.combo_parent_uuid);
    assert.equal(parent.price_subtotal_incl, 0);
    assert.ok(drafted.every((line) => line === parent || line.combo_parent_uuid === parent.uuid));

    // 10 % off menus is off their parts: 1.00.
    await till.openRedeem();
    assert.match(await till.reward("menu10").innerText(), /10 % off menus[\s\S]*50 points[\s\S]*1\.00/);
    await pictures(shop, till, "dialog");
    await till.reward("menu10").click();
    await till.line("10 % off menus").first().waitFor();
    assert.equal(await till.total(), "$ 9.00");
    await till.waitForEarns(14);

    // A cup beside it is 7.50 more; 20.00 down on a banquet is nothing earned.
    await till.addProduct("Coffee Cup");
    await till.waitForEarns(21);
    await till.fromQuotation(banquet, "Apply a down payment (fixed amount)", 20);
    await eventually("36.50", async () => (await till.total()) === "$ 36.50");
    await till.waitForEarns(21);
    await pictures(shop, till, "order");

    // Nor does the tip, which comes when the panel is out of sight.
    await till.startPayment();
    await till.addTip(3);
    await pictures(shop, till, "payment");
    await till.payFrom("Card");
    await pictures(shop, till, "receipt");
    assert.match(await till.receipt.locator(".loyalty-sidecar-earned").innerText(), /^21 points/);
    assert.match(await till.receipt.locator(".loyalty-sidecar-redeemed").innerText(), /^50 points/);
    assert.match(await till.receipt.locator(".loyalty-sidecar-total").innerText(), /^71 points/);

    // 100 − 50 + 21 everywhere.
    await shop.everywhere(customer, 71);
    const order = await shop.lastOrder(customer);
    assert.deepEqual([order.state, order.amount_total], ["paid", 39.5]);
    const lines = await shop.odoo.searchRead(
        "pos.order.line", [["order_id", "=", order.id]], ["product_id", "price_subtotal_incl", "combo_parent_id", "loyalty_hold_id"]
    );
    const of = (product) => lines.filter((line) => line.product_id[0] === product);
    assert.deepEqual(of(ids.tip).map((line) => line.price_subtotal_incl), [3]);
    assert.deepEqual(of(ids.deposit).map((line) => line.price_subtotal_incl), [20]);
    const [menuLine] = of(ids.menu.id);
    const parts = lines.filter((line) => line.combo_parent_id && line.combo_parent_id[0] === menuLine.id);
    assert.deepEqual([menuLine.price_subtotal_incl, parts.reduce((sum, line) => sum + line.price_subtotal_incl, 0)], [0, 10]);
    assert.equal(lines.filter((line) => line.loyalty_hold_id).reduce((sum, line) => sum + line.price_subtotal_incl, 0), -1);
    const entries = await shop.sidecar.entries(customer.id);
    assert.deepEqual(entries.map(({ kind, points }) => [kind, points]).sort(), [["adjust", 100], ["earn", 21], ["redeem", -50]]);

    // The banquet: 100.00 of goods, of which 20.00 are paid already. All of it is earned, once.
    await till.newOrder();
    await till.chooseCustomer(customer.name);
    await till.waitForPoints(71);
    await till.fromQuotation(banquet, "Settle the order");
    await eventually("80.00", async () => (await till.total()) === "$ 80.00");
    await till.waitForEarns(100);
    await pictures(shop, till, "banquet");
    await till.pay();
    assert.match(await till.receipt.locator(".loyalty-sidecar-earned").innerText(), /^100 points/);
    assert.match(await till.receipt.locator(".loyalty-sidecar-total").innerText(), /^171 points/);
    await shop.everywhere(customer, 171);
    assert.equal((await shop.lastOrder(customer)).amount_total, 80);
});

it("lets no points pay for a tip or a down payment", async (shop, context) => {
    if (!ids.restaurant) {
        return context.skip("no restaurant, or no pos_sale, in this Odoo");
    }
    const customer = await shop.customer("Nora Cash", 1000);
    const banquet = await quotation(shop, customer);
    const till = await shop.till(ids.restaurant);
    await till.chooseCustomer(customer.name);
    await till.addProduct("Coffee Cup");
    await till.fromQuotation(banquet, "Apply a down payment (fixed amount)", 20);
    await till.waitForEarns(7);
    // 7.50 of goods at 0.05 a point, however much there is to pay.
    await till.openRedeem();
    assert.match(await till.reward("pay").innerText(), /150 points[\s\S]*7\.50/);
    await till.reward("pay").click();
    await till.line("Pay with points").waitFor();
    assert.equal(await till.total(), "$ 20.00");
    // Taken away, the cup takes the reward with it: the down payment is nothing it could be for.
    await till.selectLine("Coffee Cup");
    await till.page.keyboard.press("Backspace");
    await till.page.keyboard.press("Backspace");
    await till.page.locator(".o_notification", { hasText: "Pay with points" }).waitFor();
    await eventually("20.00", async () => (await till.total()) === "$ 20.00");
    await eventually("the points are free", async () => (await shop.sidecar.points(customer.id)).available === 1000);
});
