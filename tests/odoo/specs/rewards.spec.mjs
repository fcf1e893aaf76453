import assert from "node:assert/strict";
import { eventually, PROGRAM } from "./lib/sidecar.mjs";
import { withShop } from "./lib/spec.mjs";

const ids = {};

async function program(shop) {
    ids.onTop = await shop.tax("Spec 20 % on top", 20, false);
    ids.within = await shop.tax("Spec 6 % within", 6, true);
    const desk = await shop.product("Spec Desk", 50.0, { taxes: [ids.onTop] });
    const book = await shop.product("Spec Book", 30.0, { taxes: [ids.within] });
    const mug = await shop.product("Spec Mug", 8.0, { taxes: [ids.onTop] });
    const vase = await shop.product("Spec Vase", 20.0, { taxes: [ids.onTop] });
    // Not among what the till loads: a product of the shop that is sold elsewhere.
    const hidden = await shop.product("Spec Hidden", 5.0, { values: { available_in_pos: false } });
    // Two taxes on one price; and a fiscal position that puts another in the place of the 20 %.
    const both = await shop.product("Spec Both", 10.0, { taxes: [ids.onTop, ids.within] });
    ids.abroad = await shop.fiscalPosition(shop.configs[0], "Spec Abroad", ids.onTop, "Spec 7 % abroad", 7);
    const combo = await shop.combo("Spec Combo", mug);
    Object.assign(ids, { desk, book, mug, vase, hidden, both });
    return {
        ...PROGRAM,
        rewards: [
            ...PROGRAM.rewards,
            { code: "ten", name: "10 %", kind: "discount_percent", points: "200", percent: "10" },
            { code: "mug", name: "A free mug", kind: "free_product", points: "50", product_id: mug.id, quantity: "1" },
            { code: "vase", name: "Vase deal", kind: "product_at_price", points: "60", product_id: vase.id, price: "4.95" },
            { code: "hidden", name: "Hidden gift", kind: "free_product", points: "10", product_id: hidden.id, quantity: "1" },
            // What is in a combo is the customer's choice: no till can give one away.
            { code: "combo", name: "Combo gift", kind: "free_product", points: "10", product_id: combo.id, quantity: "1" },
        ],
    };
}

const { it } = withShop("rewards", { program });

async function start(shop, name, points, ...products) {
    const customer = await shop.customer(name, points);
    const till = await shop.till(products.till || 0);
    await till.chooseCustomer(customer.name);
    for (const product of products) {
        await till.addProduct(product.name);
    }
    await till.waitForPoints(points.toLocaleString("en-US"));
    return { customer, till };
}

async function rewardLines(shop, customer) {
    const order = await shop.lastOrder(customer);
    const lines = await shop.odoo.searchRead(
        "pos.order.line",
        [["order_id", "=", order.id], ["loyalty_hold_id", "!=", false]],
        ["full_product_name", "product_id", "qty", "price_unit", "price_subtotal", "price_subtotal_incl", "tax_ids", "loyalty_hold_id"],
        { order: "price_subtotal_incl" }
    );
    return { order, lines };
}

const cents = (value) => Math.round(value * 100);

it("takes a percentage off two tax rates, and Odoo's entry has each tax with its share less", async (shop) => {
    const customer = await shop.customer("Percy Cent", 200);
    const till = await shop.till(1);
    await till.chooseCustomer(customer.name);
    await till.addProduct("Spec Desk");
    await till.addProduct("Spec Book");
    await till.waitForPoints(200);
    // 60.00 with 20 % on top, and 30.00 with 6 % within: 9.00 off.
    await till.openRedeem();
    assert.match(await till.reward("ten").innerText(), /10 %[\s\S]*200 points[\s\S]*9\.00/);
    await shop.picture(till.page, "dialog");
    await till.reward("ten").click();
    await till.line("10 %").first().waitFor();
    // A line for each rate; the points stand on the first, and the second says what it is.
    const names = await till.line("10 %").locator(".product-name").allInnerTexts();
    assert.deepEqual(names.map((name) => name.replace(/\s+/g, " ").trim()), ["1 10 % (200 points)", "1 10 %: the part with Spec 6 % within"]);
    assert.equal(await till.total(), "$ 81.00");
    await shop.picture(till.page, "two-rates");
    await till.waitForEarns(80);
    await till.pay();
    await shop.picture(till.page, "two-rates-receipt");
    assert.match(await till.receipt.locator(".loyalty-sidecar-redeemed").innerText(), /^200 points/);
    assert.match(await till.receipt.locator(".loyalty-sidecar-total").innerText(), /^80 points/);
    await shop.everywhere(customer, 80);

    const { order, lines } = await rewardLines(shop, customer);
    assert.equal(order.amount_total, 81);
    assert.deepEqual(lines.map((line) => [line.price_subtotal_incl, line.tax_ids]), [[-6, [ids.onTop]], [-3, [ids.within]]]);
    assert.equal(new Set(lines.map((line) => line.loyalty_hold_id)).size, 1);

    const entry = await shop.closeSession(shop.configs[1]);
    const sum = (of) => entry.filter(of).reduce((total, line) => total + cents(line.balance), 0);
    for (const [tax, base, amount] of [
        [ids.onTop, 5000 - 500, 1000 - 100],
        // 30.00 hold 28.30 and 1.70, and the 3.00 off it 2.83 and 0.17.
        [ids.within, 2830 - 283, 170 - 17],
    ]) {
        assert.equal(-sum((line) => line.tax_line_id && line.tax_line_id[0] === tax), amount, `the tax ${tax}`);
        assert.equal(-sum((line) => line.tax_ids.includes(tax)), base, `the base of tax ${tax}`);
    }
    assert.equal(sum(() => true), 0);
});

it("gives a product that is not on the order as a line of its own", async (shop) => {
    const { customer, till } = await start(shop, "Gift Added", 50, ids.book);
    await till.openRedeem();
    assert.match(await till.reward("mug").innerText(), /A free mug[\s\S]*Adds 1 × Spec Mug for free\.[\s\S]*50 points/);
    await till.reward("mug").click();
    await till.line("A free mug (Spec Mug, 50 points)").waitFor();
    assert.equal(await till.total(), "$ 30.00");
    // Another mug is a line of its own, and costs.
    await till.addProduct("Spec Mug");
    await eventually("the mug that is sold", async () => (await till.total()) === "$ 39.60");
    assert.equal(await till.lines.count(), 3);
    await till.selectLine("A free mug");
    await till.page.keyboard.press("2");
    await till.page.locator(".modal", { hasText: "A reward cannot be changed" }).waitFor();
    await till.page.locator(".modal .btn-primary").click();
    await shop.picture(till.page, "gift-added");
    await till.pay();
    await shop.picture(till.page, "gift-added-receipt");
    assert.match(await till.page.locator(".pos-receipt").innerText(), /1\s*A free mug \(Spec Mug, 50 points\)/);
    assert.match(await till.receipt.locator(".loyalty-sidecar-total").innerText(), /^30 points/);
    await shop.everywhere(customer, 30);
    const { lines } = await rewardLines(shop, customer);
    assert.deepEqual(lines.map((line) => [line.product_id[0], line.qty, line.price_subtotal_incl, line.tax_ids]), [[ids.mug.id, 1, 0, [ids.onTop]]]);
});

it("gives a product that is on the order by a discount on its line", async (shop) => {
    const { customer, till } = await start(shop, "Gift There", 50, ids.book, ids.mug);
    await till.openRedeem();
    assert.match(await till.reward("mug").innerText(), /Spec Mug on the order becomes free\.[\s\S]*9\.60/);
    await till.reward("mug").click();
    await till.line("A free mug").waitFor();
    assert.equal(await till.total(), "$ 30.00");
    // The mug goes, and with it what was given on it.
    await till.selectLine("Spec Mug");
    await till.page.keyboard.press("Backspace");
    await till.page.keyboard.press("Backspace");
    await till.page.locator(".o_notification", { hasText: "A free mug" }).waitFor();
    await eventually("30.00", async () => (await till.total()) === "$ 30.00");
    assert.equal(await till.lines.count(), 1);
    await eventually("the points are free", async () => (await shop.sidecar.points(customer.id)).available === 50);
    // Again, and paid.
    await till.addProduct("Spec Mug");
    await till.redeem("mug");
    await till.line("A free mug").waitFor();
    await till.pay();
    assert.match(await till.receipt.locator(".loyalty-sidecar-total").innerText(), /^30 points/);
    await shop.everywhere(customer, 30);
    const { lines } = await rewardLines(shop, customer);
    assert.deepEqual(lines.map((line) => [line.price_subtotal_incl, line.price_subtotal, line.tax_ids]), [[-9.6, -8, [ids.onTop]]]);
});

it("sells a product at its price to the cent, also where no net price gives it", async (shop) => {
    const { customer, till } = await start(shop, "Dee Deal", 120, ids.book);
    await till.openRedeem();
    assert.match(await till.reward("vase").innerText(), /Vase deal[\s\S]*Adds 1 × Spec Vase for[\s\S]*4\.95 each/);
    await till.reward("vase").click();
    await till.line("Vase deal").first().waitFor();
    // 4.94 and 4.96 exist with 20 % on top, 4.95 does not: a cent stands alone, without tax.
    assert.equal(await till.total(), "$ 34.95");
    assert.equal(await till.line("Vase deal").count(), 2);
    // Taking one of its lines off takes it all off.
    await till.line("Vase deal").last().click();
    await till.page.keyboard.press("Backspace");
    await eventually("30.00", async () => (await till.total()) === "$ 30.00");
    assert.equal(await till.line("Vase deal").count(), 0);
    await eventually("the points are free", async () => (await shop.sidecar.points(customer.id)).available === 120);

    // On the order already: 24.00 − 4.95 off its line. And a second reward on the same order.
    await till.addProduct("Spec Vase");
    await till.redeem("vase");
    await till.line("Vase deal").first().waitFor();
    assert.equal(await till.total(), "$ 34.95");
    await till.redeem("mug");
    await till.line("A free mug").waitFor();
    await shop.picture(till.page, "two-rewards");
    assert.equal(await till.total(), "$ 34.95");
    await till.panel.locator(".loyalty-sidecar-spends", { hasText: "110" }).waitFor();
    await till.pay();
    await shop.picture(till.page, "two-rewards-receipt");
    assert.match(await till.receipt.locator(".loyalty-sidecar-redeemed").innerText(), /^110 points/);
    assert.match(await till.receipt.locator(".loyalty-sidecar-total").innerText(), /^40 points/);
    await shop.everywhere(customer, 40);
    const { order } = await rewardLines(shop, customer);
    assert.equal(order.amount_total, 34.95);
});

it("has a percentage follow the basket, both ways", async (shop) => {
    const { customer, till } = await start(shop, "Shrin King", 200, ids.book, ids.book);
    await till.redeem("ten");
    await till.line("10 %").waitFor();
    assert.equal(await till.total(), "$ 54.00");
    const { held } = await shop.sidecar.points(customer.id);
    await till.addProduct("Spec Book");
    await eventually("81.00", async () => (await till.total()) === "$ 81.00");
    await till.selectLine("Spec Book");
    await till.page.keyboard.press("1");
    await eventually("27.00", async () => (await till.total()) === "$ 27.00");
    assert.equal((await shop.sidecar.points(customer.id)).held, held);
});

it("splits an amount anew over what is left, as long as that holds it", async (shop) => {
    const { customer, till } = await start(shop, "Ann Ew", 100, ids.book, ids.desk);
    await till.redeem("5off");
    await till.line("5 off").first().waitFor();
    assert.equal(await till.line("5 off").count(), 2);
    assert.equal(await till.total(), "$ 85.00");
    await till.selectLine("Spec Book");
    await till.page.keyboard.press("Backspace");
    await till.page.keyboard.press("Backspace");
    // The two old lines come to the same total: that it reads 55.00 does not say yet that they were split anew.
    await eventually("one line is left", async () => (await till.line("5 off").count()) === 1);
    assert.equal(await till.total(), "$ 55.00");
    assert.deepEqual(await shop.sidecar.points(customer.id), { balance: 100, held: 100, available: 0 });
    await till.waitForEarns(50);
    await till.pay();
    await shop.everywhere(customer, 50);
    const { lines } = await rewardLines(shop, customer);
    assert.deepEqual(lines.map((line) => [line.price_subtotal_incl, line.tax_ids]), [[-5, [ids.onTop]]]);
});

it("gives the later of two rewards what room is left when the basket no longer holds both", async (shop) => {
    const { customer, till } = await start(shop, "Tom Both", 600, ids.book, ids.book);
    await till.redeem("5off");
    await till.line("5 off").waitFor();
    await till.openRedeem();
    await till.page.locator(".loyalty-sidecar-points[data-reward=pay]").fill("500");
    await till.reward("pay").click();
    await till.line("Pay with points").waitFor();
    assert.equal(await till.total(), "$ 30.00");
    // One book holds 25.00 and 5.00 exactly, and both stay.
    await till.selectLine("Spec Book");
    await till.page.keyboard.press("1");
    await eventually("0.00", async () => (await till.total()) === "$ 0.00");
    // A tenth less holds the first, and 22.00 of the other.
    await till.page.locator(".numpad-discount").click();
    await till.page.keyboard.press("1");
    await till.page.waitForTimeout(300);
    await till.page.keyboard.press("0");
    await eventually("60 points are free", async () => (await shop.sidecar.points(customer.id)).available === 60, 20_000);
    await eventually("nothing to pay", async () => (await till.total()) === "$ 0.00");
});

it("loads a product that the till does not sell", async (shop) => {
    const { till } = await start(shop, "Hid Den", 50, ids.book);
    assert.equal(await till.inspect((id) => Boolean(window.posmodel.models["product.product"].get(id)), ids.hidden.id), false);
    await till.redeem("hidden");
    await till.line("Hidden gift (Spec Hidden, 10 points)").waitFor();
    assert.equal(await till.total(), "$ 30.00");
});

it("says that a product is not available at this till, and gives the points back", async (shop) => {
    const { customer, till } = await start(shop, "Com Bo", 50, ids.book);
    await till.openRedeem();
    await till.reward("combo").click();
    await till.page.locator(".loyalty-sidecar-dialog .loyalty-sidecar-message", { hasText: "not available at this till" }).waitFor();
    await till.page.keyboard.press("Escape");
    assert.equal(await till.lines.count(), 1);
    await eventually("the points are free", async () => (await shop.sidecar.points(customer.id)).available === 50);
});

it("shows the points of a program to those who have joined it, and to nobody else", async (shop) => {
    const program = {
        ...PROGRAM,
        code: "vip",
        name: "Inner Circle",
        enrolment: "explicit",
        earning: { rules: [{ code: "visit", kind: "per_order", points: "3" }] },
    };
    await shop.sidecar.rpc("program.put", { program }, "admin");
    const { customer, till } = await start(shop, "Joy Ned", 50, ids.book);
    await till.waitForEarns(30);
    assert.equal(await till.panel.locator(".loyalty-sidecar-program .loyalty-sidecar-balance").count(), 1);
    await till.panel.locator("[data-program=vip] .loyalty-sidecar-would-earn", { hasText: "would earn 3" }).waitFor();
    await shop.sidecar.rpc("member.enrol", { partner_id: customer.id, program: "vip" }, "admin");
    await till.addProduct("Spec Book");
    await till.panel.locator("[data-program=vip] .loyalty-sidecar-earns", { hasText: /\+\s*3/ }).waitFor();
    assert.equal(await till.panel.locator(".loyalty-sidecar-program .loyalty-sidecar-balance").count(), 2);
    await shop.sidecar.rpc("program.archive", { code: "vip" }, "admin");
});

it("is exact to the cent for every amount, whatever the taxes, the rounding and the fiscal position", async (shop) => {
    const { till } = await start(shop, "Ex Act", 10, ids.desk, ids.book, ids.both);
    const wrong = await till.inspect((abroad) => {
        const { exactLines } = odoo.loader.modules.get("@loyalty_sidecar/app/utils/exact_lines");
        const order = window.posmodel.getOrder();
        const company = order.company;
        const method = company.tax_calculation_rounding_method;
        const carrier = window.posmodel.models["product.product"].find((each) => each.default_code === "LOYALTY");
        const wrong = [];
        const tried = { orders: 0, positions: new Set(), methods: new Set() };
        for (const position of [undefined, window.posmodel.models["account.fiscal.position"].get(abroad)]) {
            order.fiscal_position_id = position;
            for (const rounding of ["round_per_line", "round_globally"]) {
                company.tax_calculation_rounding_method = rounding;
                order.triggerRecomputeAllPrices();
                for (let cents = 1; cents <= 1200; cents += 31) {
                    // Shares as uneven as they come.
                    const first = Math.floor(cents / 2), second = Math.floor(cents / 3);
                    const parts = [first, second, cents - first - second]
                        .map((share, index) => ({
                            product: carrier, taxes: order.lines[index].tax_ids, qty: 1, amount: -share / 100, room: 1,
                        }))
                        .filter(({ amount }) => amount);
                    const before = order.priceIncl;
                    const lines = exactLines(order, parts, carrier);
                    const created = lines.map(({ product, taxes, qty, price_unit }) =>
                        window.posmodel.models["pos.order.line"].create({
                            order_id: order, product_id: product, qty, price_unit, price_type: "manual",
                            tax_ids: taxes.map((tax) => ["link", tax]),
                        })
                    );
                    const fell = Math.round((before - order.priceIncl) * 100);
                    const sum = Math.round(created.reduce((total, line) => total - line.priceIncl, 0) * 100);
                    created.forEach((line) => line.delete());
                    tried.orders += 1;
                    tried.positions.add(position?.id);
                    tried.methods.add(company.tax_calculation_rounding_method);
                    if (fell !== cents || sum !== cents || lines.length > 4) {
                        wrong.push({ position: position?.id, rounding, cents, fell, sum, lines: lines.length });
                    }
                }
            }
        }
        order.fiscal_position_id = undefined;
        company.tax_calculation_rounding_method = method;
        order.triggerRecomputeAllPrices();
        return { wrong, orders: tried.orders, positions: tried.positions.size, methods: tried.methods.size };
    }, ids.abroad);
    assert.deepEqual(wrong, { wrong: [], orders: 156, positions: 2, methods: 2 });
});
