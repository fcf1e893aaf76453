import assert from "node:assert/strict";
import { Shop } from "./lib/shop.mjs";
import { eventually } from "./lib/sidecar.mjs";
import { withShop } from "./lib/spec.mjs";

const { it } = withShop("plain");

it("works without Odoo's own pos_loyalty", async (shop) => {
    const [installed] = await shop.odoo.searchRead("ir.module.module", [["name", "=", "pos_loyalty"]], ["state"]);
    assert.notEqual(installed?.state, "installed", "this Odoo has pos_loyalty");
    const customer = await shop.customer("Grace Harper", 150);
    const till = await shop.till(0, { viewport: { width: 1280, height: 800 } });
    await till.chooseCustomer(customer.name);
    await till.addProduct("Reading Lamp");
    await till.addProduct("Coffee Cup");
    await till.waitForPoints(150);
    await till.waitForEarns(30);
    await till.openRedeem();
    await till.reward("5off").waitFor();
    await shop.describe(till.page, "redeem_dialog");
    await till.reward("5off").click();
    await till.line("5 off").waitFor();
    assert.equal(await till.total(), "$ 32.50");
    await till.pay();
    assert.match(await till.receipt.locator(".loyalty-sidecar-total").innerText(), /^80 points/);
    await shop.describe(till.page, "receipt");
    await eventually("150 − 100 + 30 points", async () => (await shop.sidecar.points(customer.id)).balance === 80);

    const form = await shop.form(customer);
    await form.setViewportSize({ width: 1280, height: 640 });
    assert.equal(await Shop.formPoints(form), 80);
    await shop.describe(form, "customer_form");
    await form.locator(".o_loyalty_sidecar_open_history").click();
    await form.waitForSelector(".o_loyalty_sidecar_history[data-status=ready]");
    assert.equal(await form.locator(".o_loyalty_sidecar_entry").count(), 3);
    await shop.sidecar.verify();
});

it("has Redeem on a small screen too, beside the points", async (shop) => {
    const customer = await shop.customer("Mo Bile", 100);
    const till = await shop.till(0, { viewport: { width: 1280, height: 800 } });
    await till.chooseCustomer(customer.name);
    await till.addProduct("Reading Lamp");
    await till.page.setViewportSize({ width: 420, height: 800 });
    await till.page.locator(".review-button").click();
    await till.redeem("5off");
    await till.line("5 off").waitFor();
    await till.waitForSum("100 − 100 + 20 = 20");
    await shop.describe(till.page, "till_phone");
});

it("the connection is tested from the settings", async (shop) => {
    const { login } = await import("./lib/browser.mjs");
    const page = await login(shop.odoo);
    await page.goto("/odoo/settings#point_of_sale");
    await page.locator(".settings_tab .tab[data-key=point_of_sale], .settings_tab [data-key=point_of_sale]").first().click();
    const test = page.locator(".o_loyalty_sidecar_test");
    await test.scrollIntoViewIfNeeded();
    await test.locator("button").click();
    await test.locator(".o_loyalty_sidecar_outcome", { hasText: "Connected to loyalty-sidecar" }).waitFor();
    assert.equal(await page.locator(".o_field_widget[name=loyalty_sidecar_token] input").getAttribute("type"), "password");
});
