import assert from "node:assert/strict";
import { PROGRAM } from "./lib/sidecar.mjs";
import { withShop } from "./lib/spec.mjs";

// The sidecar's clock and this one are the same machine's; a run over midnight has two days that count.
const day = (offset) => new Date(Date.now() + offset * 86_400_000);
const isoWeekday = (date) => date.getUTCDay() || 7;
const isoDate = (date) => date.toISOString().slice(0, 10);

async function program(shop) {
    const toys = await shop.category("Toys");
    await shop.product("Toy Train", 12.0, { categories: [toys] });
    const scope = { pos_category_ids: [toys] };
    return {
        ...PROGRAM,
        earning: {
            rules: [
                { code: "base", kind: "per_amount", every: "10.00", points: "10", scope: { exclude_pos_category_ids: [toys] } },
                { code: "toys", kind: "per_amount", every: "1.00", points: "1", scope },
                {
                    code: "today",
                    kind: "multiplier",
                    factor: "2",
                    scope,
                    window: { from: isoDate(day(0)), to: isoDate(day(1)), weekdays: [isoWeekday(day(0)), isoWeekday(day(1))] },
                },
                { code: "other-day", kind: "multiplier", factor: "7", scope, window: { weekdays: [isoWeekday(day(3))] } },
            ],
        },
    };
}

const { it } = withShop("rules", { program });

it("doubles the points of a category today, and the history says why", async (shop) => {
    const customer = await shop.customer("Cat Egory");
    const till = await shop.till();
    await till.chooseCustomer(customer.name);
    await till.addProduct("Reading Lamp");
    await till.waitForEarns(30);
    // 12.00 of toys are 12 points, and double today.
    await till.addProduct("Toy Train");
    await till.waitForEarns(54);
    await till.pay();
    assert.match(await till.receipt.locator(".loyalty-sidecar-earned").innerText(), /^54 points/);
    assert.match(await till.receipt.locator(".loyalty-sidecar-total").innerText(), /^54 points/);
    await shop.everywhere(customer, 54);

    const form = await shop.form(customer);
    const openHistory = async () => {
        await form.locator(".o_loyalty_sidecar_open_history").click();
        await form.waitForSelector(".o_loyalty_sidecar_history[data-status=ready]");
        await form.locator(".o_loyalty_sidecar_entry[data-kind=earn] td").first().click();
    };
    // The till's token may not explain; the message says which may.
    await openHistory();
    await form.locator(".o_loyalty_sidecar_explanation .o_loyalty_sidecar_message", { hasText: "--role viewer" }).waitFor();
    await shop.odoo.setParameter("loyalty_sidecar.token", shop.sidecar.tokens.viewer);
    try {
        await shop.form(customer, form);
        await openHistory();
        const why = form.locator(".o_loyalty_sidecar_explanation li");
        await why.first().waitFor();
        await shop.picture(form, "explanation");
        const words = (await why.allInnerTexts()).join("\n");
        assert.match(words, /Base: 10 points for each full \$\s10\.00 of \$\s30\.00: 30 points\./);
        assert.match(words, /Toys: 1 point for each full \$\s1\.00 of \$\s12\.00: 24 points\./);
        assert.match(words, /Today double points on Toy Train \(already included above\)\./);
        assert.match(words, /Together: 54 points\./);
        assert.match(words, /By version 1 of the program “Club”\./);
        assert.match(words, /\+54 points without an end date/);
    } finally {
        await shop.connect();
    }
});
