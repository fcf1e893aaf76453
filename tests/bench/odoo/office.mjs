import { login } from "../../odoo/specs/lib/browser.mjs";

/**
 * Runs in the page, before Odoo's own scripts: knows what is on its way to the server, and times an opening.
 *
 * `bench.open(name)` clicks the customer's row in the list. In milliseconds after the click:
 *   usable  the form shows this customer, has been painted, and the page waits for its user again
 *   loaded  all that the form and what stands below it asked for has come, the addon's points aside
 *   points  the addon shows the points (null without it)
 */
function instrument() {
    const POINTS = "loyalty_sidecar_points";
    const STILL_MS = 150;
    const PATIENCE_MS = 30_000;
    const onTheWay = new Set();
    let lastAnswer = 0;
    const send = XMLHttpRequest.prototype.send;
    const open = XMLHttpRequest.prototype.open;
    XMLHttpRequest.prototype.open = function (method, url, ...rest) {
        this.benchUrl = String(url);
        return open.call(this, method, url, ...rest);
    };
    XMLHttpRequest.prototype.send = function (...rest) {
        onTheWay.add(this);
        this.addEventListener("loadend", () => {
            onTheWay.delete(this);
            if (!this.benchUrl.includes(POINTS)) {
                lastAnswer = performance.now();
            }
        });
        return send.apply(this, rest);
    };
    const fetched = window.fetch;
    window.fetch = async function (...rest) {
        const request = {};
        onTheWay.add(request);
        try {
            return await fetched.apply(window, rest);
        } finally {
            onTheWay.delete(request);
            lastAnswer = performance.now();
        }
    };

    /** Wait for something to be true of the document, looking at each change of it. */
    const seen = (what, condition) =>
        new Promise((resolve, reject) => {
            const observer = new MutationObserver(look);
            const timer = setTimeout(() => {
                observer.disconnect();
                reject(new Error(`not within ${PATIENCE_MS} ms: ${what}`));
            }, PATIENCE_MS);
            function look() {
                if (condition()) {
                    observer.disconnect();
                    clearTimeout(timer);
                    resolve();
                }
            }
            observer.observe(document.body, { subtree: true, childList: true, attributes: true });
            look();
        });
    const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    const idle = () => new Promise((resolve) => requestIdleCallback(resolve));
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    /** Nothing has been on its way for a while. */
    const still = async () => {
        for (let quiet = performance.now(); performance.now() - quiet < STILL_MS; await pause(10)) {
            if (onTheWay.size) {
                quiet = performance.now();
            }
        }
    };

    const rows = () => [...document.querySelectorAll(".o_list_view .o_data_row")];
    const shows = (name) =>
        [...document.querySelectorAll(".o_form_view .o_field_widget[name=name] :is(input, textarea)")].some(({ value }) => value === name);
    const block = () => document.querySelector(".o_form_view .o_loyalty_sidecar_points");

    window.bench = {
        still,
        async open(name) {
            const row = rows().find((each) => each.querySelector("[name=complete_name]")?.textContent === name);
            if (!row) {
                throw new Error(`the list has no ${name}`);
            }
            const started = performance.now();
            const since = () => performance.now() - started;
            row.querySelector("[name=complete_name]").click();
            await seen(`the form of ${name}`, () => shows(name));
            let points = null;
            const withPoints = block()
                ? seen("the points", () => ["ready", "failed"].includes(block()?.dataset.status)).then(() => (points = since()))
                : undefined;
            await painted();
            await idle();
            const usable = since();
            await withPoints;
            const balance = block()?.querySelector(".o_loyalty_sidecar_balance")?.textContent;
            await still();
            return { usable, loaded: lastAnswer - started, points, balance };
        },
        async back() {
            document.querySelector(".o_breadcrumb .o_back_button a, .o_breadcrumb .o_back_button").click();
            await seen("the list", () => rows().length);
            await painted();
            await idle();
            await still();
        },
    };
}

/** The back office of an Odoo with customers of ours in a list, each opened once. */
export class Office {
    /**
     * @param {import("../../odoo/specs/lib/odoo.mjs").Odoo} odoo
     * @param {number} number of customers
     */
    static async open(odoo, number) {
        const office = new Office();
        const ref = crypto.randomUUID();
        const names = Array.from({ length: number }, (_, index) => `Customer ${String(index + 1).padStart(4, "0")}`);
        const values = names.map((name) => ({ name, ref, email: "customer@example.com", phone: "555 0100", city: "Springfield" }));
        const ids = await odoo.call("res.partner", "create", [values]);
        office.customers = names.map((name, index) => ({ name, id: ids[index] }));
        office.action = await odoo.create("ir.actions.act_window", {
            name: "Customers of the bench",
            res_model: "res.partner",
            view_mode: "list,form",
            domain: `[('ref', '=', '${ref}')]`,
            limit: number,
        });
        office.odoo = odoo;
        return office;
    }

    /** Log in and show the list; the browser loads Odoo's scripts. */
    async enter() {
        this.page = await login(this.odoo);
        await this.page.addInitScript(instrument);
        await this.page.goto(`/odoo/action-${this.action}`);
        await this.page.waitForSelector(".o_list_view .o_data_row");
        await this.page.evaluate(() => window.bench.still());
        this.next = 0;
    }

    /** Open the form of a customer that has not been opened before, and go back to the list. */
    async opening() {
        const customer = this.customers[this.next];
        this.next += 1;
        const times = await this.page.evaluate((name) => window.bench.open(name), customer.name);
        await this.page.evaluate(() => window.bench.back());
        return times;
    }
}
