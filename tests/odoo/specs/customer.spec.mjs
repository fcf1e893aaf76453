import assert from "node:assert/strict";
import { eventually, PROGRAM } from "./lib/sidecar.mjs";
import { withShop } from "./lib/spec.mjs";

// Who the customer is: by a card that is scanned, or nobody, or somebody who has not joined.
const VIP = { ...PROGRAM, code: "vip", name: "VIP", points_name: "stars", enrolment: "explicit" };
const ids = {};

async function program(shop) {
    ids.restaurant = await shop.restaurant();
    return PROGRAM;
}

const { it } = withShop("customer", { program });

/** A customer with a card of this number. */
async function withCard(shop, name, barcode, points) {
    const customer = await shop.customer(name, points);
    await shop.odoo.call("res.partner", "write", [[customer.id], { barcode }]);
    return customer;
}

/** As a scanner types: quickly, and Enter at the end. */
async function scan(till, code) {
    await till.page.locator("body").click({ position: { x: 2, y: 2 } }).catch(() => {});
    await till.page.keyboard.type(code, { delay: 5 });
    await till.page.keyboard.press("Enter");
}

async function scansBoth(shop, config) {
    const number = String(Date.now()).slice(-9);
    // Before the till opens, and after: those it does not know it asks the server for.
    const known = await withCard(shop, "Carla Card", `042${number}`, 120);
    const till = await shop.till(config);
    const later = await withCard(shop, "Nora Number", `77${number}1`, 80);
    await till.addProduct("Reading Lamp");
    await scan(till, `042${number}`);
    await till.waitForPoints(120);
    await till.waitForEarns(30);
    assert.match(await till.page.locator(".product-screen .set-partner").first().innerText(), /Carla Card|Carla/);
    await till.redeem("5off");
    await till.line("5 off").waitFor();
    // Another card is another customer: the reward goes back, the panel is the other's.
    await scan(till, `77${number}1`);
    await till.waitForPoints(80);
    assert.equal(await till.line("5 off").count(), 0);
    await eventually("the points are free", async () => (await shop.sidecar.points(known.id)).held === 0);
    // A number that is nobody's says so, and the customer stays.
    await scan(till, `99${number}5`);
    await till.page.locator(".o_notification", { hasText: "Unknown Barcode" }).first().waitFor();
    await till.pay();
    await shop.everywhere(later, 110);
}

it("a customer's card chooses the customer, and Odoo's customer barcode does", (shop) => scansBoth(shop, 0));

it("in a restaurant, too", async (shop, context) => {
    if (!ids.restaurant) {
        return context.skip("no restaurant in this Odoo");
    }
    await scansBoth(shop, ids.restaurant);
});

it("tells what a member would have earned, on the screen and on the receipt, until it is turned off", async (shop) => {
    await shop.sidecar.put(VIP);
    const customer = await shop.customer("Nils Nonmember");
    const till = await shop.till();
    await till.addProduct("Reading Lamp", 2);
    const told = (code, text) =>
        till.panel.locator(`[data-program=${code}] .loyalty-sidecar-would-earn, [data-program=${code}].loyalty-sidecar-would-earn`, { hasText: text }).first().waitFor();
    await told("club", /60 points/);
    await told("vip", /60 stars/);
    await shop.picture(till.page, "customer-nobody");
    await till.chooseCustomer(customer.name);
    await till.waitForEarns(60);
    await told("vip", /not a member; would earn 60 stars/);
    await shop.picture(till.page, "customer-nonmember");
    await till.pay();
    assert.match(await till.page.locator(".loyalty-sidecar-missed").innerText(), /VIP: as a member you would have earned 60 stars/);
    await shop.picture(till.page, "customer-receipt");
    await till.newOrder();
    await till.addProduct("Reading Lamp");
    await told("club", /30 points/);
    await till.pay();
    assert.match(await till.page.locator(".loyalty-sidecar-missed").innerText(), /Club: as a member you would have earned 30 points/);
    await shop.odoo.setParameter("loyalty_sidecar.hide_would_earn", "True");
    try {
        const quiet = await shop.till(1);
        await quiet.addProduct("Reading Lamp");
        await quiet.page.waitForTimeout(3000);
        assert.equal(await quiet.page.locator(".loyalty-sidecar-would-earn").count(), 0);
        await quiet.chooseCustomer(customer.name);
        await quiet.waitForEarns(30);
        assert.equal(await quiet.page.locator(".loyalty-sidecar-would-earn").count(), 0);
    } finally {
        await shop.odoo.setParameter("loyalty_sidecar.hide_would_earn", false);
    }
});
