import { closeBrowser, login } from "./browser.mjs";
import { Odoo } from "./odoo.mjs";
import { Till } from "./pos.mjs";
import { eventually, Sidecar } from "./sidecar.mjs";

const PRODUCTS = [
    ["Reading Lamp", 30.0],
    ["Coffee Cup", 7.5],
];

/** An Odoo with the addon, a sidecar of its own beside it, products, tills and customers to play with. */
export class Shop {
    static async open(options = {}) {
        const shop = new Shop();
        shop.odoo = await Odoo.ofEnvironment().connect();
        shop.tills = [];
        await shop.prepareTills();
        await shop.prepareProducts();
        await shop.prepareCashier();
        const { program, ...others } = options;
        // A program may name what only the shop knows: ids of its products and categories.
        const document = typeof program === "function" ? await program(shop) : program;
        shop.sidecar = await Sidecar.create(shop.odoo, { ...others, ...(document && { program: document }) });
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
        for (const [name, price] of PRODUCTS) {
            await this.product(name, price);
        }
    }

    /** A product by its name, made if need be: `{id, name, price}`. */
    async product(name, price, { taxes = [], categories = [], values = {} } = {}) {
        const [known] = await this.odoo.searchRead("product.product", [["name", "=", name]], ["id"], { context: { active_test: false } });
        if (known) {
            await this.odoo.call("product.product", "write", [[known.id], { taxes_id: [[6, 0, taxes]], list_price: price }]);
        }
        const id = known?.id ?? (await this.odoo.create("product.product", {
            name,
            list_price: price,
            type: "consu",
            available_in_pos: true,
            taxes_id: [[6, 0, taxes]],
            // In every category of the shop's: a till may show some of them alone.
            pos_categ_ids: [[6, 0, [...(await this.ownCategories()), ...categories]]],
            ...values,
        }));
        return { id, name, price };
    }

    /** A combo whose only choice is one product. */
    async combo(name, choice) {
        const [known] = await this.odoo.searchRead("product.combo", [["name", "=", name]], ["id"]);
        const id = known?.id ?? (await this.odoo.create("product.combo", { name, combo_item_ids: [[0, 0, { product_id: choice.id }]] }));
        return this.product(name, 9.0, { values: { type: "combo", combo_ids: [[6, 0, [id]]] } });
    }

    /** The POS categories that no spec made. */
    ownCategories() {
        return this.odoo.call("pos.category", "search", [[["name", "not like", "Spec "]]]);
    }

    /** A category that holds what a spec puts there and nothing else. */
    async category(name) {
        const [known] = await this.odoo.searchRead("pos.category", [["name", "=", `Spec ${name}`]], ["id"]);
        return known?.id ?? this.odoo.create("pos.category", { name: `Spec ${name}` });
    }

    /** A tax on sales; its price includes it or not. */
    async tax(name, amount, included) {
        const [known] = await this.odoo.searchRead("account.tax", [["name", "=", name]], ["id"]);
        return known?.id ?? this.odoo.create("account.tax", {
            name,
            amount,
            amount_type: "percent",
            type_tax_use: "sale",
            price_include_override: included ? "tax_included" : "tax_excluded",
            company_id: this.configs[0].company_id[0],
        });
    }

    /** A fiscal position of a till, with one tax in the place of another. */
    async fiscalPosition(config, name, original, taxName, amount) {
        const [known] = await this.odoo.searchRead("account.fiscal.position", [["name", "=", name]], ["id"]);
        const id = known?.id ?? (await this.odoo.create("account.fiscal.position", { name, company_id: config.company_id[0] }));
        if (!known) {
            const tax = await this.tax(taxName, amount, false);
            await this.odoo.call("account.tax", "write", [[tax], { fiscal_position_ids: [[4, id]], original_tax_ids: [[4, original]] }]);
            await this.odoo.call("pos.config", "write", [[config.id], { tax_regime_selection: true, fiscal_position_ids: [[4, id]] }]);
        }
        return id;
    }

    /** Close a till's session as its cashier would, and return its entry's lines. */
    async closeSession(config) {
        const [session] = await this.odoo.searchRead(
            "pos.session",
            [["config_id", "=", config.id], ["state", "!=", "closed"]],
            ["id", "cash_register_balance_end"]
        );
        const drafts = await this.odoo.call("pos.order", "search", [[["session_id", "=", session.id], ["state", "=", "draft"]]]);
        if (drafts.length) {
            await this.odoo.call("pos.order", "action_pos_order_cancel", [drafts]);
        }
        await this.odoo.call("pos.session", "post_closing_cash_details", [session.id, session.cash_register_balance_end]);
        await this.odoo.call("pos.session", "update_closing_control_state_session", [session.id, "spec"]);
        const answer = await this.odoo.call("pos.session", "close_session_from_ui", [session.id, []]);
        if (!answer.successful) {
            throw new Error(`the session does not close: ${JSON.stringify(answer)}`);
        }
        const [{ move_id: move }] = await this.odoo.call("pos.session", "read", [[session.id], ["move_id"]]);
        return this.odoo.searchRead(
            "account.move.line",
            [["move_id", "=", move[0]]],
            ["name", "balance", "tax_ids", "tax_line_id", "tax_base_amount"]
        );
    }

    /** The balance that the API, the customer's form and the ledger's audit agree on. */
    async everywhere(customer, balance) {
        await eventually(`a balance of ${balance}`, async () => (await this.sidecar.points(customer.id)).balance === balance);
        const page = await this.form(customer);
        const shown = await Shop.formPoints(page);
        await page.context().close();
        if (shown !== balance) {
            throw new Error(`the form shows ${shown}, the API ${balance}`);
        }
        await this.sidecar.verify();
    }

    /** The restaurant of the shop's company, its tables free; nothing where pos_restaurant is not installed. */
    async restaurant() {
        const [config] = await this.odoo.searchRead(
            "pos.config",
            [["module_pos_restaurant", "=", true], ["company_id", "=", this.configs[0].company_id[0]]],
            ["name", "company_id", "currency_id"],
            { order: "id", limit: 1 }
        ).catch(() => []);
        if (!config) {
            return null;
        }
        // Odoo's demo data has guests at the tables.
        const drafts = await this.odoo.call("pos.order", "search", [[["config_id", "=", config.id], ["state", "=", "draft"]]]);
        if (drafts.length) {
            await this.odoo.call("pos.order", "action_pos_order_cancel", [drafts]);
        }
        const fields = await this.odoo.call("pos.config", "fields_get", [["discount_product_id"]]);
        const [discount] = await this.odoo.searchRead("ir.model.data", [["module", "=", "pos_discount"], ["name", "=", "product_product_consumable"]], ["res_id"]);
        const withDiscount = fields.discount_product_id && discount ? { module_pos_discount: true, discount_product_id: discount.res_id } : {};
        await this.odoo.call("pos.config", "write", [[config.id], { default_screen: "tables", ...withDiscount }]);
        return config;
    }

    /** The language of the tills' cashier, for tills that are opened from now on. */
    async speak(language) {
        const [user] = await this.odoo.searchRead("res.users", [["login", "=", this.cashier.login]], ["id"]);
        await this.odoo.call("res.users", "write", [[user.id], { lang: language }]);
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
        // Of an earlier run on the same Odoo: the till would find both.
        const before = await this.odoo.call("res.partner", "search", [[["name", "=", name]]]);
        if (before.length) {
            await this.odoo.call("res.partner", "action_archive", [before]);
        }
        const id = await this.odoo.create("res.partner", { name, email: "customer@example.com" });
        if (points) {
            await this.sidecar.give(id, points);
        }
        return { id, name };
    }

    /** A till by its place in `configs`, or of a `pos.config` of the caller's. */
    async till(which = 0, options = {}) {
        const till = await Till.open(this.odoo, this.configs[which] || which, { ...this.cashier, ...options });
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
            ["name", "pos_reference", "uuid", "state", "amount_total", "lines"],
            { order: "id desc", limit: 1 }
        );
        return order;
    }

    async close() {
        await closeBrowser();
        await this.sidecar?.stop();
    }

    /** A picture to look at, where tests/run collects them. */
    async picture(page, name) {
        if (process.env.LOYALTY_TEST_OUT) {
            await page.screenshot({ path: `${process.env.LOYALTY_TEST_OUT}/${name}.png` });
        }
    }

    /** A screenshot of the addon's description: LOYALTY_TEST_PICTURES names their folder, to take them anew. */
    async describe(page, name) {
        if (process.env.LOYALTY_TEST_PICTURES) {
            await page.screenshot({ path: `${process.env.LOYALTY_TEST_PICTURES}/${name}.png` });
        }
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
