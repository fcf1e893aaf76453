import assert from "node:assert/strict";
import { login } from "./lib/browser.mjs";
import { Shop } from "./lib/shop.mjs";
import { eventually } from "./lib/sidecar.mjs";
import { withShop } from "./lib/spec.mjs";

const { it } = withShop("down");

it("sells without the sidecar; Redeem and the customer form explain themselves", async (shop) => {
    const customer = await shop.customer("Dora Down", 100);
    const till = await shop.till();
    const page = await login(shop.odoo);
    await shop.sidecar.kill();

    // Redeem says what lacks, before and after a customer is chosen.
    await till.addProduct("Reading Lamp");
    await till.page.locator(".loyalty-sidecar-redeem:visible").first().click();
    await till.page.locator(".modal", { hasText: "Choose the customer first" }).waitFor();
    await till.page.locator(".modal .btn-primary").click();
    await till.chooseCustomer(customer.name);
    await till.panel.locator(".loyalty-sidecar-message", { hasText: "Selling works" }).waitFor();
    await till.openRedeem();
    await till.page.locator(".loyalty-sidecar-dialog .loyalty-sidecar-message", { hasText: "cannot be reached" }).waitFor();
    assert.equal(await till.page.locator(".loyalty-sidecar-reward").count(), 0);
    await till.page.keyboard.press("Escape");
    await till.page.waitForSelector(".loyalty-sidecar-dialog", { state: "detached" });

    // The form opens at once and says so.
    await page.goto("/odoo");
    const began = Date.now();
    await page.goto(`/odoo/res.partner/${customer.id}`);
    await page.locator(".o_form_view .o_field_widget[name=name]").first().waitFor();
    await page.locator(".o_loyalty_sidecar_message", { hasText: "cannot be reached" }).waitFor();
    assert.ok(Date.now() - began < 10_000, `the form took ${Date.now() - began} ms`);
    await page.locator(".o_loyalty_sidecar_open_history").click();
    await page.locator(".o_loyalty_sidecar_history .o_loyalty_sidecar_message", { hasText: "cannot be reached" }).waitFor();

    // Selling works, and the points come by themselves when the sidecar is back.
    await till.pay();
    assert.match(await till.receipt.innerText(), /will be added shortly/);
    await shop.sidecar.start();
    await eventually("the points of the sale", async () => (await shop.sidecar.points(customer.id)).balance === 130, 30_000);
    await shop.form(customer, page);
    assert.equal(await Shop.formPoints(page), 130);
    await shop.sidecar.verify();

    // Printed again, on the receipt screen or another day from the orders, the receipt has its figures.
    const sold = await shop.lastOrder(customer);
    const printed = (button) => till.inspect(async (button) => {
        const paper = new Promise((resolve) => {
            window.print = () => resolve(document.querySelector(".render-container").innerText);
        });
        [...document.querySelectorAll("button")].find((each) => each.innerText.includes(button) && each.getClientRects().length).click();
        return paper;
    }, button);
    assert.match(await printed("Print Full Receipt"), /Earned:\s*30 points[\s\S]*Balance:\s*130 points/);
    // Another sale since: the receipt keeps the balance of its own day.
    await till.newOrder();
    await till.chooseCustomer(customer.name);
    await till.addProduct("Reading Lamp");
    await till.pay();
    await eventually("160", async () => (await shop.sidecar.points(customer.id)).balance === 160, 30_000);
    await till.load();
    await till.openRefund(sold);
    assert.match(await printed("Print Receipt"), /Earned:\s*30 points[\s\S]*Balance:\s*130 points/);
});

it("answers slowly at most, never hangs: Odoo does not wait for ever", async (shop) => {
    const customer = await shop.customer("Stan Stopped", 100);
    const till = await shop.till();
    const page = await login(shop.odoo);
    await till.chooseCustomer(customer.name);
    await till.waitForPoints(100);
    // Stopped, not gone: connections are taken and never answered.
    shop.sidecar.process.kill("SIGSTOP");
    try {
        await till.addProduct("Reading Lamp");
        await till.panel.locator(".loyalty-sidecar-message", { hasText: "Selling works" }).waitFor({ timeout: 10_000 });
        const began = Date.now();
        await till.pay();
        assert.ok(Date.now() - began < 8_000, `the sale took ${Date.now() - began} ms`);
        // The form is on the screen while its question is still unanswered.
        await page.goto(`/odoo/res.partner/${customer.id}`);
        await page.locator(".o_form_view .o_loyalty_sidecar_points[data-status=loading]").waitFor();
        assert.ok(await page.locator(".o_form_view .o_field_widget[name=name]").first().isVisible());
        await page.locator(".o_loyalty_sidecar_message", { hasText: "cannot be reached" }).waitFor();
    } finally {
        shop.sidecar.process.kill("SIGCONT");
    }
    await eventually("the points of the sale", async () => (await shop.sidecar.points(customer.id)).balance === 130, 30_000);
});

it("offline, the till sells and Redeem explains itself", async (shop) => {
    const customer = await shop.customer("Olaf Offline", 100);
    const till = await shop.till();
    await till.chooseCustomer(customer.name);
    await till.waitForPoints(100);
    await till.page.context().setOffline(true);
    await till.addProduct("Reading Lamp");
    await till.panel.locator(".loyalty-sidecar-message", { hasText: "offline" }).waitFor();
    await till.page.locator(".loyalty-sidecar-redeem:visible").first().click();
    await till.page.locator(".modal", { hasText: "offline" }).first().waitFor();
    while (await till.page.locator(".modal").count()) {
        await till.page.keyboard.press("Escape");
        await till.page.waitForTimeout(200);
    }
    await till.startPayment();
    await till.page.locator(".paymentmethods .paymentmethod", { hasText: "Cash" }).first().click();
    await till.page.locator(".payment-screen .validation-button:visible, .payment-screen .next:visible").first().click();
    await till.page.waitForSelector(".receipt-screen .pos-receipt");
    await till.page.context().setOffline(false);
    await eventually("the sale after coming online", async () => (await shop.sidecar.points(customer.id)).balance === 130, 30_000);
});
