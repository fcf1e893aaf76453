import assert from "node:assert/strict";
import { withShop } from "./lib/spec.mjs";

const { it } = withShop("outsider");

it("nothing that a cashier's browser is sent has the token", async (shop) => {
    const customer = await shop.customer("Ada Outside", 150);
    const till = await shop.till();
    const secret = shop.sidecar.tokens.pos.split("_").pop();
    const bodies = [];
    till.page.on("response", (response) => {
        bodies.push(response.text().then((text) => ({ url: response.url(), text }), () => ({ url: response.url(), text: "" })));
    });
    // The page, its scripts and styles, what the till loads, and what it is answered while a customer redeems.
    await till.load();
    await till.chooseCustomer(customer.name);
    await till.addProduct("Reading Lamp");
    await till.waitForPoints(150);
    await till.redeem("5off");
    await till.line("5 off").waitFor();
    const kept = await till.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
    const sent = await Promise.all(bodies);
    assert.ok(sent.some(({ url, text }) => url.includes("/pos/ui/") && text.includes("__session_info__")), "the page is among it");
    assert.ok(sent.some(({ text }) => text.includes("loyalty_sidecar_refresh")), "so are the scripts");
    assert.ok(sent.some(({ text }) => text.includes('"pos.config"')), "and what the till loads");
    assert.ok(sent.some(({ text }) => text.includes('"balance_after"')), "and the sidecar's answers");
    for (const { url, text } of [...sent, { url: "the browser's storage", text: kept }]) {
        for (const hidden of [secret, "lsk_", shop.sidecar.url]) {
            assert.ok(!text.includes(hidden) || (hidden === "lsk_" && !/lsk_[a-z0-9]{12}_/.test(text)), `${hidden} is in ${url}`);
        }
    }
});

it("nobody asks without a session, and no route is the addon's own", async (shop) => {
    const post = async (path, params) => {
        const response = await fetch(`${shop.odoo.url}${path}`, {
            method: "POST",
            headers: { "Content-Type": "application/json", "X-Odoo-Database": shop.odoo.database },
            body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "call", params }),
        });
        return { status: response.status, text: await response.text() };
    };
    const customer = await shop.customer("No Session", 100);
    for (const [model, method, args] of [
        ["res.partner", "loyalty_sidecar_points", [[customer.id]]],
        ["pos.config", "loyalty_sidecar_refresh", [[shop.configs[0].id], { uuid: "u", partner_id: customer.id, lines: [] }]],
        ["res.config.settings", "default_get", [["loyalty_sidecar_token"]]],
    ]) {
        const { text } = await post(`/web/dataset/call_kw/${model}/${method}`, { model, method, args, kwargs: {} });
        assert.match(text, /SessionExpired/, `${model}.${method}: ${text.slice(0, 300)}`);
    }
    for (const path of ["/loyalty_sidecar", "/loyalty_sidecar/balance", "/pos/loyalty_sidecar"]) {
        assert.equal((await fetch(`${shop.odoo.url}${path}`)).status, 404, path);
    }
});
