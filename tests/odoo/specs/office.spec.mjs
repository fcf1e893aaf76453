import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { login } from "./lib/browser.mjs";
import { Shop } from "./lib/shop.mjs";
import { eventually, PROGRAM } from "./lib/sidecar.mjs";
import { withShop } from "./lib/spec.mjs";

const { it } = withShop("office");

// LOYALTY_TEST_PICTURES names the folder of the addon's screenshots, to take them anew.
const pictures = process.env.LOYALTY_TEST_PICTURES;
const WIDTHS = { phone: [390, 844], tablet: [1024, 768], desk: [1366, 820] };

/** A program beside the first, whose points have a name of their own. */
const COFFEE = {
    ...PROGRAM,
    code: "coffee",
    name: "Coffee Card",
    points_name: "stars",
    earning: { rules: [{ code: "visit", kind: "per_order", points: "1" }] },
    rewards: [],
};

/** Screenshots of a page at each width, to look at. */
async function atEachWidth(shop, page, name, shown) {
    for (const [width, [x, y]] of Object.entries(WIDTHS)) {
        await page.setViewportSize({ width: x, height: y });
        await shown?.scrollIntoViewIfNeeded();
        await page.waitForTimeout(400);
        await shop.picture(page, `office-${name}-${width}`);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(over <= 0, `${name} is ${over} px wider than a ${width}`);
    }
    await page.setViewportSize({ width: 1366, height: 820 });
}

async function describe(page, name, shown, size = [1280, 640]) {
    if (pictures) {
        await page.setViewportSize({ width: size[0], height: size[1] });
        await shown?.scrollIntoViewIfNeeded();
        await page.waitForTimeout(400);
        await page.screenshot({ path: `${pictures}/${name}.png` });
    }
}

/** A manager of the Point of Sale, who is no administrator. */
async function manager(shop) {
    const password = crypto.randomUUID();
    const [known] = await shop.odoo.searchRead("res.users", [["login", "=", "spec-manager"]], ["id"]);
    const values = { name: "Mara Manager", login: "spec-manager", password };
    if (known) {
        await shop.odoo.call("res.users", "write", [[known.id], values]);
        return { login: values.login, password };
    }
    const names = ["group_pos_manager", "group_user", "group_allow_export", "group_partner_manager"];
    const groups = await shop.odoo.searchRead("ir.model.data", [["model", "=", "res.groups"], ["name", "in", names]], ["res_id"]);
    const [companyId] = shop.configs[0].company_id;
    await shop.odoo.create("res.users", {
        ...values,
        company_id: companyId,
        company_ids: [[6, 0, [companyId]]],
        group_ids: [[6, 0, groups.map(({ res_id }) => res_id)]],
    });
    return { login: values.login, password };
}

async function inFrench(shop, name, body) {
    const [user] = await shop.odoo.searchRead("res.users", [["login", "=", name]], ["id"]);
    await shop.odoo.call("res.users", "write", [[user.id], { lang: "fr_FR" }]);
    try {
        await body();
    } finally {
        await shop.odoo.call("res.users", "write", [[user.id], { lang: "en_US" }]);
    }
}

/** The tokens that an administrator enters for the back office. */
async function withBackOffice(shop) {
    await shop.odoo.setParameter("loyalty_sidecar.token", shop.sidecar.tokens.viewer);
    await shop.odoo.setParameter("loyalty_sidecar.manager_token", shop.sidecar.tokens.manager);
}

/** A manager's browser, in the Point of Sale: with its menu, as from there. */
async function backOffice(shop, who) {
    const page = await login(shop.odoo, who);
    const [root] = await shop.odoo.searchRead("ir.model.data", [["module", "=", "point_of_sale"], ["name", "=", "menu_point_root"]], ["res_id"]);
    await page.addInitScript((menu) => sessionStorage.setItem("menu_id", menu), root.res_id);
    return page;
}

const openPointOfSale = (page) =>
    page.locator(".settings_tab .tab[data-key=point_of_sale], .settings_tab [data-key=point_of_sale]").first().click();

const rows = (page) => page.locator(".o_list_view .o_data_row");

async function waitForRow(page, text) {
    await page.locator(".o_list_view .o_data_row", { hasText: text }).first().waitFor();
}

it("members are listed, searched, grouped and exported, and customers show their points in a column", async (shop) => {
    await withBackOffice(shop);
    await shop.sidecar.rpc("program.put", { program: COFFEE }, "admin");
    const ada = await shop.customer("Ada Listed", 1340);
    const bo = await shop.customer("Bo Listed", 60);
    await shop.sidecar.give(ada.id, 1, "coffee");
    const who = await manager(shop);
    const page = await backOffice(shop, who);
    await page.goto("/odoo/loyalty-members");
    await waitForRow(page, "Ada Listed");
    const row = (text) => page.locator(".o_list_view .o_data_row", { hasText: text });
    assert.match(await row("Ada Listed").filter({ hasText: "Club" }).innerText(), /1,340/);
    await describe(page, "members");
    await atEachWidth(shop, page, "members");

    // Odoo's own search and groups.
    await page.locator(".o_searchview_input").fill("Bo Listed");
    await page.keyboard.press("Enter");
    await eventually("one row", async () => (await rows(page).count()) === 1);
    assert.match(await rows(page).innerText(), /Bo Listed[\s\S]*Club[\s\S]*60/);
    await page.locator(".o_facet_remove").first().click();
    await waitForRow(page, "Ada Listed");
    await page.locator(".o_searchview_dropdown_toggler").click();
    await page.locator(".o_group_by_menu").getByRole("menuitemcheckbox", { name: "Program" }).click();
    const group = page.locator(".o_group_header", { hasText: "Club" });
    await group.waitFor();
    assert.match(await group.innerText(), /[1-9],\d{3}/);
    assert.match(await page.locator(".o_group_header", { hasText: "Coffee Card" }).innerText(), /\(\d+\)/);

    // A press on a member opens the customer.
    await page.goto("/odoo/loyalty-members");
    await row("Bo Listed").locator("td[name=partner_id]").click();
    await page.waitForSelector(".o_form_view .o_loyalty_sidecar_points");
    assert.equal(await Shop.formPoints(page), 60);

    // Odoo's own export, of the list as it is.
    await page.goto("/odoo/loyalty-members");
    await waitForRow(page, "Ada Listed");
    await page.locator(".o_cp_action_menus .dropdown-toggle, .o_control_panel .o_cp_action_menus button").first().click();
    const download = page.waitForEvent("download");
    await page.locator(".o_menu_item, .dropdown-item", { hasText: /Export All/ }).first().click();
    const file = await (await download).path();
    assert.ok((await readFile(file)).length > 1000, "a spreadsheet was exported");

    // The column in the list of customers, and the filter.
    const listed = await shop.odoo.call(
        "res.partner", "search_read",
        [[["id", "in", [ada.id, bo.id]]], ["name", "loyalty_sidecar_balance"]], { order: "name" }
    );
    assert.deepEqual(listed.map((each) => each.loyalty_sidecar_balance), ["Club: 1,340 points, Coffee Card: 1 star", "60 points"]);
    const action = await shop.odoo.create("ir.actions.act_window", {
        name: "Customers of the spec", res_model: "res.partner", view_mode: "list,form", domain: "[('name', 'like', 'Listed')]",
    });
    await page.goto(`/odoo/action-${action}`);
    await waitForRow(page, "Ada Listed");
    await page.locator(".o_optional_columns_dropdown button").click();
    await page.locator(".o-dropdown--menu .dropdown-item", { hasText: "Loyalty Points" }).click();
    await page.locator("td[name=loyalty_sidecar_balance]", { hasText: "Coffee Card: 1 star" }).waitFor();
    await shop.picture(page, "office-customers-desk");

    await inFrench(shop, who.login, async () => {
        await page.goto("/odoo/loyalty-members");
        await waitForRow(page, "Ada Listed");
        await page.locator("th", { hasText: "Disponibles" }).waitFor();
        assert.match((await row("Ada Listed").filter({ hasText: "Club" }).innerText()).replaceAll(/\s/g, " "), /1 340/);
        await shop.picture(page, "office-members-french");
    });
    await page.context().close();
});

it("the history names programs and people, one program or all, in the order of the balance", async (shop) => {
    await withBackOffice(shop);
    await shop.sidecar.rpc("program.put", { program: COFFEE }, "admin");
    const customer = await shop.customer("Hilda Story", 150);
    const till = await shop.till();
    await till.chooseCustomer(customer.name);
    await till.addProduct("Reading Lamp");
    await till.waitForEarns(30);
    await till.redeem("5off");
    await till.line("5 off").waitFor();
    await till.pay();
    assert.match(await till.receipt.innerText(), /1 star(?!s)/);
    await eventually("150 − 100 + 20 points", async () => (await shop.sidecar.points(customer.id)).balance === 70);
    await eventually("a star", async () => (await shop.sidecar.entries(customer.id)).some((entry) => entry.program === "coffee"));

    const who = await manager(shop);
    const page = await backOffice(shop, who);
    await shop.form(customer, page);
    await page.locator(".o_loyalty_sidecar_program[data-program=coffee]", { hasText: /1\s+star\b(?!s)/ }).waitFor();
    const openHistory = async () => {
        await page.locator(".o_loyalty_sidecar_open_history").click();
        await page.waitForSelector(".o_loyalty_sidecar_history[data-status=ready]");
    };
    await openHistory();
    const entries = page.locator(".o_loyalty_sidecar_entry");
    assert.equal(await entries.count(), 4);
    const text = await page.locator(".o_loyalty_sidecar_history table").innerText();
    assert.match(text, /Coffee Card/);
    assert.match(text, /Redeemed: 5 off/);
    // Who sold, and not the token.
    assert.match(await page.locator(".o_loyalty_sidecar_entry[data-kind=redeem] .o_loyalty_sidecar_who").innerText(), /Casey Cashier/);
    // Each program's balance in a column of its own, each the sum of what is below it.
    for (const program of ["club", "coffee"]) {
        const shown = await page.locator(`.o_loyalty_sidecar_entry[data-program=${program}]`).evaluateAll(
            (all, code) => all.map((row) => [
                row.querySelector(".o_loyalty_sidecar_change").innerText,
                row.querySelector(`.o_loyalty_sidecar_balance_after[data-program=${code}]`).innerText,
            ].map(Number)),
            program
        );
        shown.forEach(([change, balance], place) => {
            assert.equal(balance, (shown[place + 1]?.[1] ?? 0) + change, `${program}: ${JSON.stringify(shown)}`);
        });
    }
    await entries.and(page.locator("[data-kind=earn][data-program=club]")).first().locator("td").first().click();
    const why = page.locator(".o_loyalty_sidecar_explanation li");
    await why.filter({ hasText: "Base: 10 points for each full $ 10.00 of $ 25.00: 20 points." }).waitFor();
    await why.filter({ hasText: "Together: 20 points." }).waitFor();
    await describe(page, "history");
    await atEachWidth(shop, page, "history");

    // One program alone.
    await page.locator(".o_loyalty_sidecar_programs [data-program=coffee]").click();
    await page.waitForSelector(".o_loyalty_sidecar_history[data-status=ready]");
    await eventually("one entry", async () => (await entries.count()) === 1);
    await entries.first().locator("td").first().click();
    await why.filter({ hasText: "Visit: 1 star once for the order: 1 star." }).waitFor();

    await inFrench(shop, who.login, async () => {
        await shop.form(customer, page);
        await openHistory();
        await entries.and(page.locator("[data-kind=earn][data-program=club]")).first().locator("td").first().click();
        await why.filter({ hasText: "Base : 10 points par tranche entière de" }).waitFor();
        await shop.picture(page, "office-history-french");
    });
    await page.context().close();
});

it("a manager corrects points with a reason, in their own name; a cashier cannot", async (shop) => {
    await withBackOffice(shop);
    const customer = await shop.customer("Cora Rected", 100);
    const page = await backOffice(shop, await manager(shop));
    await shop.form(customer, page);
    await page.locator(".o_loyalty_sidecar_open_adjust").click();
    const dialog = page.locator(".modal", { has: page.locator(".o_loyalty_sidecar_adjust") });
    const save = dialog.locator(".o_loyalty_sidecar_save");
    await dialog.locator("#loyalty_sidecar_points").fill("much");
    await dialog.getByText("Enter a number with two decimals").waitFor();
    await dialog.locator("#loyalty_sidecar_points").fill("-25.5");
    await dialog.locator(".o_loyalty_sidecar_after", { hasText: "100 − 25.5 = 74.5 points" }).waitFor();
    assert.ok(await save.isDisabled(), "a reason is needed");
    await dialog.locator("#loyalty_sidecar_reason").fill("Counted twice");
    await shop.picture(page, "office-correct-desk");
    await save.click();
    await page.locator(".o_notification", { hasText: "now has 74.5 points" }).waitFor();
    await eventually("74.5 on the form", async () => (await Shop.formPoints(page)) === 74.5);
    const [entry] = await shop.sidecar.entries(customer.id);
    assert.deepEqual(
        [entry.points, entry.reason, entry.on_behalf_of, entry.actor.startsWith("specs manager")],
        [-25.5, "Counted twice", "Mara Manager", true]
    );
    await page.locator(".o_loyalty_sidecar_open_history").click();
    await page.locator(".o_loyalty_sidecar_entry[data-kind=adjust] .o_loyalty_sidecar_who", { hasText: "Mara Manager" }).waitFor();
    await page.context().close();

    const cashier = await login(shop.odoo, shop.cashier);
    await shop.form(customer, cashier);
    assert.equal(await Shop.formPoints(cashier), 74.5);
    assert.equal(await cashier.locator(".o_loyalty_sidecar_open_adjust").count(), 0);
    await cashier.context().close();
});

it("redemptions of today by till, and exceptions that are resolved with a note", async (shop) => {
    await withBackOffice(shop);
    const name = `Rita ${crypto.randomUUID().slice(0, 8)}`;
    const customer = await shop.customer(name, 100);
    const till = await shop.till();
    await till.chooseCustomer(customer.name);
    await till.addProduct("Reading Lamp");
    await till.redeem("5off");
    await till.line("5 off").waitFor();
    await till.pay();
    const order = await eventually("the paid order", () => shop.lastOrder(customer));
    await eventually("the capture", async () => (await shop.sidecar.entries(customer.id)).some(({ kind }) => kind === "redeem"));
    // Taken back below zero: a debt, which waits for a manager.
    await shop.sidecar.rpc("ledger.adjust", {
        idempotency_key: crypto.randomUUID(), partner_id: customer.id, program: "club", points: "-500", reason: "spec",
    }, "admin");
    const page = await backOffice(shop, await manager(shop));
    await page.goto("/odoo/loyalty-redemptions");
    await waitForRow(page, name);
    await page.locator(".o_group_header", { hasText: shop.configs[0].name }).waitFor();
    const row = page.locator(".o_data_row", { hasText: name });
    assert.match(await row.innerText(), /5 off[\s\S]*100[\s\S]*5\.00/);
    assert.match(await row.innerText(), /Casey Cashier/);
    await describe(page, "redemptions");
    await atEachWidth(shop, page, "redemptions");
    await row.locator("td[name=reward_name]").click();
    await page.locator(".o_breadcrumb, .o_control_panel", { hasText: order.name }).first().waitFor();

    await page.goto("/odoo/loyalty-exceptions");
    const open = page.locator(".o_data_row", { hasText: name });
    await open.first().waitFor();
    await atEachWidth(shop, page, "exceptions");
    await open.first().locator("td[name=kind_name]").click();
    await page.locator(".o_form_view .o_field_widget[name=advice]").waitFor();
    await shop.picture(page, "office-exception-desk");
    await page.locator("button[name=action_resolve]").click();
    await page.locator("#loyalty_sidecar_note").fill("Looked at with the cashier");
    await page.locator(".o_loyalty_sidecar_save").click();
    await eventually("it is resolved", async () =>
        (await shop.sidecar.rpc("exception.list", { state: "resolved" })).exceptions.some(
            (each) => each.note === "Looked at with the cashier" && each.resolved_on_behalf_of === "Mara Manager"
        ));
    await page.goto("/odoo/loyalty-exceptions");
    await page.locator(".o_view_nocontent, .o_data_row").first().waitFor();
    // Odoo shows what it has kept of the list first, and then what it is now.
    await page.locator(".o_data_row", { hasText: name }).waitFor({ state: "detached" });
    await page.context().close();

    // What a cashier's menu has.
    const cashier = await login(shop.odoo, shop.cashier);
    await cashier.goto("/odoo/loyalty-members");
    await waitForRow(cashier, name);
    await cashier.locator(".o_menu_sections button, .o_menu_sections a", { hasText: "Loyalty" }).first().click();
    const items = await cashier.locator(".o-dropdown--menu .dropdown-item").allInnerTexts();
    assert.deepEqual(items.map((item) => item.trim()), ["Members", "Redemptions", "Programs"]);
    await cashier.context().close();
});

it("programs are told in words, with their versions", async (shop) => {
    await withBackOffice(shop);
    const page = await backOffice(shop, await manager(shop));
    await page.goto("/odoo/loyalty-programs");
    await page.locator(".o_data_row", { hasText: "Club" }).locator("td[name=name]").click();
    await page.locator(".o_loyalty_sidecar_words", { hasText: "10 points for each full 10.00 USD of goods on an order." }).waitFor();
    await atEachWidth(shop, page, "program");
    await page.locator(".nav-link", { hasText: "Versions" }).click();
    await page.locator(".o_loyalty_sidecar_versions", { hasText: "the beginning" }).waitFor();
    await page.context().close();
});

it("with the service away every list opens and says so", async (shop) => {
    await withBackOffice(shop);
    const customer = await shop.customer("Amy Way", 10);
    await shop.sidecar.kill();
    try {
        const page = await backOffice(shop, await manager(shop));
        for (const list of ["members", "redemptions", "exceptions", "programs"]) {
            await page.goto(`/odoo/loyalty-${list}`);
            await page.locator(".o_loyalty_sidecar_message", { hasText: "cannot be reached" }).waitFor();
            assert.equal(await page.locator(".o_view_nocontent").count(), 0, list);
        }
        await shop.picture(page, "office-away-desk");
        await page.goto("/odoo/customers?view_type=list");
        await page.locator(".o_list_view, .o_kanban_view").first().waitFor();
        await shop.form(customer, page);
        assert.equal(await Shop.formPoints(page), null);
        await page.goto("/odoo/loyalty-members");
        await page.locator(".o_loyalty_sidecar_message", { hasText: "cannot be reached" }).waitFor();
        await shop.sidecar.start();
        await page.getByRole("button", { name: "Try again" }).click();
        await waitForRow(page, "Amy Way");
        await page.locator(".o_loyalty_sidecar_message").waitFor({ state: "detached" });
        await page.context().close();
    } finally {
        if (shop.sidecar.process.exitCode !== null || shop.sidecar.process.signalCode !== null) {
            await shop.sidecar.start();
        }
    }
});

it("the connection is tested as typed, and answers beside the fields", async (shop) => {
    await withBackOffice(shop);
    const page = await login(shop.odoo);
    await page.goto("/odoo/settings#point_of_sale");
    await openPointOfSale(page);
    const test = page.locator(".o_loyalty_sidecar_test");
    const says = (level, text) => test.locator(`.o_loyalty_sidecar_outcome[data-level=${level}]`, { hasText: text }).waitFor();
    const address = page.locator(".o_field_widget[name=loyalty_sidecar_url] input");
    await test.scrollIntoViewIfNeeded();
    await test.locator("button").click();
    await says("success", "Connected to loyalty-sidecar");
    await says("success", "Managers of the Point of Sale can correct points.");
    assert.equal(await page.locator(".o_field_widget[name=loyalty_sidecar_token] input").getAttribute("type"), "password");
    assert.equal(await page.locator(".o_field_widget[name=loyalty_sidecar_manager_token] input").getAttribute("type"), "password");
    await describe(page, "settings", test.locator(".o_loyalty_sidecar_outcome").last());
    await shop.picture(page, "office-settings-desk");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.reload();
    await openPointOfSale(page);
    await test.locator("button").click();
    await says("success", "Managers of the Point of Sale can correct points.");
    await test.locator(".o_loyalty_sidecar_outcome").last().scrollIntoViewIfNeeded();
    await shop.picture(page, "office-settings-phone");
    await page.setViewportSize({ width: 1366, height: 820 });
    await page.reload();
    await openPointOfSale(page);

    // Typed and not saved: the button sends what stands there, and nobody asks about unsaved changes.
    await address.fill(shop.sidecar.url.replace("http:", "https:"));
    await test.locator("button").click();
    await says("danger", "does not speak https");
    assert.equal(await page.locator(".modal").count(), 0);
    await address.fill("127.0.0.1:8070");
    await test.locator("button").click();
    await says("danger", "is not an address");
    await address.fill(shop.sidecar.url);
    await page.locator(".o_field_widget[name=loyalty_sidecar_token] input").fill(shop.sidecar.tokens.pos);
    await test.locator("button").click();
    await says("warning", "role is pos");
    await shop.picture(page, "office-settings-warning");
    assert.equal(await page.locator(".modal").count(), 0);
    const [{ value }] = await shop.odoo.searchRead("ir.config_parameter", [["key", "=", "loyalty_sidecar.token"]], ["value"]);
    assert.equal(value, shop.sidecar.tokens.viewer, "nothing was saved");
    await page.context().close();
});
