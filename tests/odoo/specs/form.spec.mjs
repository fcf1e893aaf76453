import assert from "node:assert/strict";
import { login } from "./lib/browser.mjs";
import { Shop } from "./lib/shop.mjs";
import { eventually } from "./lib/sidecar.mjs";
import { withShop } from "./lib/spec.mjs";

const { it } = withShop("form");

/** The page is never idle until `window.beIdle()`: what waits for that then happens. */
function busy() {
    const waiting = new Map();
    let last = 0;
    window.requestIdleCallback = (callback) => {
        last += 1;
        waiting.set(last, callback);
        return last;
    };
    window.cancelIdleCallback = (request) => waiting.delete(request);
    window.beIdle = () => {
        const callbacks = [...waiting.values()];
        waiting.clear();
        callbacks.forEach((callback) => callback({ didTimeout: false, timeRemaining: () => 10 }));
        return callbacks.length;
    };
}

/** A page on the list of the customers named so. */
async function customerList(shop, name) {
    const action = await shop.odoo.create("ir.actions.act_window", {
        name: "Customers of the spec",
        res_model: "res.partner",
        view_mode: "list,form",
        domain: `[('name', 'like', '${name}')]`,
    });
    const page = await login(shop.odoo);
    await page.addInitScript(busy);
    await page.goto(`/odoo/action-${action}`);
    return page;
}

it("the form is there before the points are asked for, and another customer's late answer is not shown", async (shop) => {
    const mark = crypto.randomUUID().slice(0, 8);
    const first = await shop.customer(`Pager ${mark} A`, 111);
    const second = await shop.customer(`Pager ${mark} B`, 222);
    const page = await customerList(shop, mark);
    const asked = [];
    let answerFirst;
    await page.route("**/loyalty_sidecar_points", async (route) => {
        const [[partner]] = route.request().postDataJSON().params.args;
        asked.push(partner);
        if (partner === first.id) {
            await new Promise((resolve) => (answerFirst = resolve));
        }
        await route.continue();
    });
    const name = page.locator(".o_form_view .o_field_widget[name=name] :is(input, textarea)").first();
    const shows = (customer) => eventually(`the form of ${customer.name}`, async () => (await name.inputValue()) === customer.name);

    await page.click(`.o_data_row:has-text("${first.name}") [name=complete_name]`);
    await shows(first);
    await page.locator(".o_loyalty_sidecar_points[data-status=loading]").waitFor();
    assert.deepEqual(asked, [], "the form is shown, and nothing has been asked yet");
    await page.evaluate(() => window.beIdle());
    await eventually("the first question", () => answerFirst);

    await page.click(".o_pager_next");
    await shows(second);
    const answered = page.waitForResponse("**/loyalty_sidecar_points");
    answerFirst();
    await (await answered).finished();
    // Time enough to draw what must not be drawn.
    await page.waitForTimeout(300);
    assert.equal(await page.locator(".o_loyalty_sidecar_points").getAttribute("data-status"), "loading");

    await page.evaluate(() => window.beIdle());
    assert.equal(await Shop.formPoints(page), 222);
    assert.deepEqual(asked, [first.id, second.id]);
    await page.context().close();
});
