import assert from "node:assert/strict";
import { eventually } from "./lib/sidecar.mjs";
import { withShop } from "./lib/spec.mjs";

const { it } = withShop("crash");

/** Sells a lamp with 5 off to a customer of 100 points, killing the sidecar at two moments. */
async function sellThroughACrash(shop, name, { killBeforePayment, restartBeforePayment }) {
    const customer = await shop.customer(name, 100);
    const till = await shop.till();
    await till.chooseCustomer(customer.name);
    await till.addProduct("Reading Lamp");
    await till.waitForPoints(100);
    await till.redeem("5off");
    await till.line("5 off").waitFor();
    if (killBeforePayment) {
        await shop.sidecar.kill();
    }
    if (restartBeforePayment) {
        await shop.sidecar.start();
    }
    await till.pay();
    return { customer, till };
}

async function theLedgerIsRight(shop, customer) {
    // 100 − 100 + 20 for the 25.00 paid; nobody has laid a hand on it.
    await eventually(
        "the sale in the ledger",
        async () => (await shop.sidecar.points(customer.id)).balance === 20,
        30_000
    );
    const order = await shop.lastOrder(customer);
    assert.equal(order.state, "paid");
    const entries = await shop.sidecar.entries(customer.id);
    assert.deepEqual(
        entries.map(({ kind, points }) => [kind, points]).sort(),
        [["adjust", 100], ["earn", 20], ["redeem", -100]]
    );
    for (const { kind, cause } of entries) {
        assert.equal(kind === "adjust" || cause.uuid === order.uuid, true, `${kind} names its order`);
    }
    assert.equal((await shop.sidecar.points(customer.id)).held, 0);
    // Of this customer's: an Odoo used before may have paid orders with holds of another ledger.
    const { exceptions } = await shop.sidecar.rpc("exception.list");
    assert.deepEqual(exceptions.filter((each) => each.partner_id === customer.id), []);
    await shop.sidecar.verify();
}

it("killed between hold and payment, back before the payment", async (shop) => {
    const { customer } = await sellThroughACrash(shop, "Hal Held", { killBeforePayment: true, restartBeforePayment: true });
    await theLedgerIsRight(shop, customer);
});

it("killed between hold and payment, down while the customer pays", async (shop) => {
    const { customer, till } = await sellThroughACrash(shop, "Mona Paid", { killBeforePayment: true });
    // The sale went through; its receipt promises the points for later or shows the last quote.
    assert.equal(await till.receipt.count(), 1);
    await shop.sidecar.start();
    await theLedgerIsRight(shop, customer);
});

it("killed between payment and capture: what Odoo told it is lost", async (shop) => {
    // Odoo tells a port where nobody listens: the capture is lost, the sidecar itself is killed and comes back.
    const customer = await shop.customer("Cora Capture", 100);
    const till = await shop.till();
    await till.chooseCustomer(customer.name);
    await till.addProduct("Reading Lamp");
    await till.waitForPoints(100);
    await till.redeem("5off");
    await till.line("5 off").waitFor();
    await till.startPayment();
    await till.page.locator(".paymentmethods .paymentmethod", { hasText: "Card" }).first().click();
    await shop.odoo.setParameter("loyalty_sidecar.url", "http://127.0.0.1:9");
    await till.page.locator(".payment-screen .validation-button:visible, .payment-screen .next:visible").first().click();
    await till.page.waitForSelector(".receipt-screen .pos-receipt");
    await shop.sidecar.kill();
    await shop.connect();
    await shop.sidecar.start();
    await theLedgerIsRight(shop, customer);
});
