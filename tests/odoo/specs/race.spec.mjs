import assert from "node:assert/strict";
import { eventually } from "./lib/sidecar.mjs";
import { withShop } from "./lib/spec.mjs";

const { it } = withShop("race");

it("gives a reward to one of two tills that press at once; the other reads why", async (shop) => {
    const customer = await shop.customer("Ravi Twice", 100);
    const tills = [await shop.till(0), await shop.till(1)];
    for (const till of tills) {
        await till.chooseCustomer(customer.name);
        await till.addProduct("Reading Lamp");
        await till.waitForPoints(100);
        await till.openRedeem();
        await till.reward("5off").and(till.page.locator(":enabled")).waitFor();
    }

    await Promise.all(tills.map((till) => till.reward("5off").click()));

    const outcomes = await Promise.all(tills.map(async (till) => {
        const line = till.line("5 off").waitFor().then(() => "got it");
        const message = till.page.locator(".loyalty-sidecar-dialog .loyalty-sidecar-message").waitFor().then(() => "refused");
        return Promise.race([line, message]);
    }));
    assert.deepEqual([...outcomes].sort(), ["got it", "refused"]);
    const winner = tills[outcomes.indexOf("got it")];
    const loser = tills[outcomes.indexOf("refused")];
    assert.match(
        await loser.page.locator(".loyalty-sidecar-dialog .loyalty-sidecar-message").innerText(),
        /Not enough points: 100 needed, 0 available/
    );
    // The reward is greyed now, with the reason in words, and the order has no discount.
    await loser.unfold();
    await loser.reward("5off").and(loser.page.locator(".loyalty-sidecar-out-of-reach")).waitFor();
    await loser.page.keyboard.press("Escape");
    await loser.page.waitForSelector(".loyalty-sidecar-dialog", { state: "detached" });
    assert.equal(await loser.line("5 off").count(), 0);
    assert.equal(await loser.total(), "$ 30.00");
    assert.deepEqual(await shop.sidecar.points(customer.id), { balance: 100, held: 100, available: 0 });

    // Both sell on: 100 − 100 + 20 (25.00) + 30 (30.00).
    await winner.pay();
    await loser.pay();
    await eventually("both sales in the ledger", async () => (await shop.sidecar.points(customer.id)).balance === 50);
    assert.equal((await shop.sidecar.points(customer.id)).held, 0);
    await shop.sidecar.verify();
});
