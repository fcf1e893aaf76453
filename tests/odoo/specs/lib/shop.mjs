import { closeBrowser, login } from "./browser.mjs";
import { Odoo } from "./odoo.mjs";
import { Till } from "./pos.mjs";
import { Sidecar } from "./sidecar.mjs";

const PRODUCTS = [
    ["Reading Lamp", 30.0],
    ["Coffee Cup", 7.5],
];

/** An Odoo with the addon, a sidecar of its own beside it, products, tills and customers to play with. */
export class Shop {
    static async open(options = {}) {
        const shop = new Shop();
        shop.odoo = await new Odoo({
            url: process.env.LOYALTY_TEST_ODOO_URL,
            database: process.env.LOYALTY_TEST_ODOO_DATABASE,
            login: process.env.LOYALTY_TEST_ODOO_LOGIN || "admin",
            password: process.env.LOYALTY_TEST_ODOO_PASSWORD || "admin",
        }).connect();
        shop.tills = [];
        await shop.prepareTills();
        await shop.prepareProducts();
        await shop.prepareCashier();
        shop.sidecar = await Sidecar.create(shop.odoo, options);
        await shop.connect();
        return shop;
    }

    /** What an administrator enters in the settings. */
    async connect() {
        await this.odoo.setParameter("loyalty_sidecar.url", this.sidecar.url);
        await this.odoo.setParameter("loyalty_sidecar.token", this.sidecar.tokens.pos);
    }

    async prepareTills() {
        const configs = await this.odoo.searchRead(
            "pos.config",
            [["module_pos_restaurant", "=", false]],
            ["name", "company_id", "currency_id"],
            { order: "id" }
        );
        this.configs = configs.filter((config) => config.company_id[0] === configs[0].company_id[0]);
        if (this.configs.length < 2) {
            throw new Error("the specs need two tills (pos.config) of one company; Odoo's demo data has three");
        }
    }

    async prepareProducts() {
        // In every category: a till may show some of them alone.
        const categories = await this.odoo.call("pos.category", "search", [[]]);
        for (const [name, price] of PRODUCTS) {
            const [known] = await this.odoo.searchRead("product.product", [["name", "=", name]], ["id"]);
            if (!known) {
                await this.odoo.create("product.product", {
                    name,
                    list_price: price,
                    type: "consu",
                    available_in_pos: true,
                    taxes_id: [[5]],
                    pos_categ_ids: [[6, 0, categories]],
                });
            }
        }
    }

    /** Tills are worked by somebody who may sell and nothing else. */
    async prepareCashier() {
        const login = "spec-cashier";
        this.cashier = { login, password: crypto.randomUUID() };
        const [known] = await this.odoo.searchRead("res.users", [["login", "=", login]], ["id"]);
        if (known) {
            await this.odoo.call("res.users", "write", [[known.id], { password: this.cashier.password }]);
            return;
        }
        const groups = await this.odoo.searchRead(
            "ir.model.data",
            [["model", "=", "res.groups"], "|", ["name", "=", "group_pos_user"], ["name", "=", "group_user"]],
            ["module", "name", "res_id"]
        );
        const wanted = ["base.group_user", "point_of_sale.group_pos_user"];
        const [companyId] = this.configs[0].company_id;
        await this.odoo.create("res.users", {
            name: "Casey Cashier",
            login,
            password: this.cashier.password,
            company_id: companyId,
            company_ids: [[6, 0, [companyId]]],
            group_ids: [[6, 0, groups.filter(({ module, name }) => wanted.includes(`${module}.${name}`)).map(({ res_id }) => res_id)]],
        });
    }

    /** A new customer, with so many points to begin with. */
    async customer(name, points = 0) {
        const id = await this.odoo.create("res.partner", { name, email: "customer@example.com" });
        if (points) {
            await this.sidecar.give(id, points);
        }
        return { id, name };
    }

    async till(index = 0, options = {}) {
        const till = await Till.open(this.odoo, this.configs[index], { ...this.cashier, ...options });
        this.tills.push(till);
        return till;
    }

    /** The customer's form in the back office. */
    async form(customer, page) {
        page ||= await login(this.odoo);
        await page.goto(`/odoo/res.partner/${customer.id}`);
        await page.waitForSelector(".o_form_view .o_loyalty_sidecar_points");
        return page;
    }

    /** The points a form shows; it asks the sidecar after it has opened. */
    static async formPoints(page, program = "club") {
        const block = page.locator(".o_loyalty_sidecar_points");
        await block.and(page.locator("[data-status=ready], [data-status=failed]")).waitFor();
        const balance = block.locator(`[data-program=${program}] .o_loyalty_sidecar_balance`);
        return (await balance.count()) ? Number((await balance.innerText()).replaceAll(",", "")) : null;
    }

    /** The paid order of a customer that came last. */
    async lastOrder(customer) {
        const [order] = await this.odoo.searchRead(
            "pos.order",
            [["partner_id", "=", customer.id]],
            ["name", "uuid", "state", "amount_total", "lines"],
            { order: "id desc", limit: 1 }
        );
        return order;
    }

    async close() {
        await closeBrowser();
        await this.sidecar?.stop();
    }

    /** On failure: what each till showed, where tests/run collects it. */
    async pictures(name) {
        if (!process.env.LOYALTY_TEST_OUT) {
            return;
        }
        for (const [index, till] of this.tills.entries()) {
            await till.page.screenshot({ path: `${process.env.LOYALTY_TEST_OUT}/${name}-till${index + 1}.png` }).catch(() => {});
        }
    }
}
