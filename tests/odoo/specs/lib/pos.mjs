import { login } from "./browser.mjs";
import { eventually } from "./sidecar.mjs";

/** One till in one browser, worked as a cashier does. */
export class Till {
    constructor(page, config) {
        this.page = page;
        this.config = config;
    }

    static async open(odoo, config, options = {}) {
        const page = await login(odoo, options);
        const till = new Till(page, config);
        await till.load();
        return till;
    }

    async load() {
        await this.page.goto(`/pos/ui/${this.config.id}?from_backend=1`);
        // The first load builds the assets.
        await this.page.waitForSelector(".pos .product-screen, .pos .floor-screen, .modal .opening-cash-section, .modal-dialog", { timeout: 120_000 });
        await this.page.waitForSelector(".pos-loader, .pos .loader", { state: "detached", timeout: 60_000 }).catch(() => {});
        const open = this.page.locator(".modal:has(.opening-cash-section) .modal-footer .btn-primary");
        await Promise.race([
            open.waitFor({ timeout: 20_000 }).catch(() => {}),
            this.page.waitForSelector(".product-screen .product-list, .floor-screen .floor-table", { timeout: 60_000 }),
        ]);
        if (await open.isVisible()) {
            await open.click();
        }
        await this.page.waitForSelector(".product-screen .product-list article.product, .floor-screen .floor-table");
        await this.page.waitForSelector(".modal", { state: "detached" });
        if (await this.page.locator(".floor-screen").count()) {
            await this.chooseTable();
        }
    }

    /** A restaurant begins with its floor: an order is a table's. */
    async chooseTable() {
        await this.page.locator(".floor-screen .floor-table").first().click();
        await this.page.waitForSelector(".product-screen .product-list article.product");
    }

    /** Reads of the till's own memory: for figures that no screen shows. */
    inspect(fn, arg) {
        return this.page.evaluate(fn, arg);
    }

    async addProduct(name, times = 1) {
        const card = this.page.locator(".product-list article.product", {
            has: this.page.locator(".product-name", { hasText: new RegExp(`^\\s*${name}\\s*$`) }),
        });
        for (let i = 0; i < times; i++) {
            await card.first().click();
        }
    }

    /** A combo, with what is chosen of each of its parts. */
    async addCombo(name, ...choices) {
        await this.addProduct(name);
        for (const choice of choices) {
            await this.page.locator(".combo-configurator-popup .combo-item", { hasText: choice }).first().click();
        }
        await this.page.locator(".combo-configurator-popup button.confirm").click();
        await this.page.waitForSelector(".combo-configurator-popup", { state: "detached" });
    }

    /** What stands on a sale order of the customer's: "Settle the order" or "Apply a down payment (fixed amount)". */
    async fromQuotation(quotation, choice, amount) {
        await this.controlButton("Quotation/Order");
        await this.page.locator(".modal .o_data_row", { hasText: quotation }).locator("td").nth(1).click();
        await this.page.locator(".modal .selection-item", { hasText: choice }).click();
        if (amount !== undefined) {
            await this.typeNumber(amount);
        }
        await this.page.waitForSelector(".modal", { state: "detached" });
    }

    /** On the payment screen. */
    async addTip(amount) {
        await this.page.locator(".payment-screen .payment-buttons button:has(.fa-heart)").click();
        await this.typeNumber(amount);
        await this.page.waitForSelector(".modal", { state: "detached" });
    }

    /** A number on the pad of a dialog, and its button. */
    async typeNumber(amount) {
        const dialog = this.page.locator(".modal:has(.popup-input)");
        for (const digit of String(amount)) {
            await dialog.locator(`.numpad button[value="${digit}"]`).click();
        }
        await dialog.locator(".popup-input", { hasText: String(amount) }).waitFor();
        await dialog.locator(".modal-footer .btn-primary").click();
    }

    /** A button of the order, wherever the screen has room for it. */
    async controlButton(name) {
        await this.page.locator(".control-buttons button, .control-buttons .more-btn", { hasText: name }).first().click({ timeout: 3_000 }).catch(async () => {
            await this.page.locator(".control-buttons .more-btn").click();
            await this.page.locator(".modal button", { hasText: name }).click();
        });
    }

    async chooseCustomer(name) {
        await this.page.click(".product-screen .set-partner");
        await this.page.fill(".modal .modal-header input, .modal .search-bar-container input, .modal input[type=text]", name);
        const line = this.page.locator(".modal .partner-line, .modal .partner-info", { hasText: name }).first();
        const closed = (timeout) =>
            this.page.waitForSelector(".modal", { state: "detached", timeout }).then(() => true, () => false);
        // A till opens with a hundred customers, those with the most orders and then by name
        // (point_of_sale/models/pos_config.py, get_limited_partners_loading); Enter asks Odoo for the others.
        if (!(await line.waitFor({ timeout: 2_000 }).then(() => true, () => false))) {
            await this.page.keyboard.press("Enter");
            await line.waitFor();
        }
        // The list is drawn anew when Odoo's own search comes back: a press in that moment meets nothing, and
        // a cashier presses again.
        for (let press = 0; press < 5; press++) {
            await line.click({ timeout: 5_000 }).catch(() => {});
            if (await closed(3_000)) {
                return;
            }
        }
        await this.page.waitForSelector(".modal", { state: "detached" });
    }

    /** Leaves the order as it is and begins another. */
    async parkAndStartAnother() {
        await this.page.locator(".list-plus-btn:visible, .new-order:visible").first().click();
        await eventually("an empty order", async () => (await this.lines.count()) === 0);
    }

    /** Back to the parked order of a customer. */
    async takeUp(customer) {
        const uuid = await this.inspect(
            (name) => window.posmodel.models["pos.order"].find((order) => !order.finalized && order.getPartner()?.name === name).uuid,
            customer
        );
        await this.inspect((uuid) => {
            const order = window.posmodel.models["pos.order"].getBy("uuid", uuid);
            window.posmodel.setOrder(order);
            window.posmodel.navigate("ProductScreen", { orderUuid: uuid });
        }, uuid);
        await this.page.waitForSelector(".product-screen");
    }

    get panel() {
        return this.page.locator(".loyalty-sidecar-panel");
    }

    async waitForPoints(points) {
        await this.panel.locator(".loyalty-sidecar-balance", { hasText: new RegExp(`^${points}$`) }).waitFor();
    }

    async waitForEarns(points) {
        await this.panel.locator(".loyalty-sidecar-earns", { hasText: new RegExp(`^\\s*\\+\\s*${points}\\s*$`) }).waitFor();
    }

    /** The panel's sum, as it is read: "400 − 150 + 90 = 340". */
    async waitForSum(sum) {
        const read = async () => (await this.panel.locator(".loyalty-sidecar-program").first().innerText()).replaceAll(/\s+/g, " ");
        await eventually(`the sum ${sum}`, async () => (await read()).includes(sum), 15_000);
    }

    async openRedeem() {
        await this.page.locator(".loyalty-sidecar-redeem:visible").first().click();
        await this.page.waitForSelector(".loyalty-sidecar-dialog");
    }

    /** Show the rewards of a program that are out of reach. */
    async unfold(program = "club") {
        const fold = this.page.locator(`.loyalty-sidecar-fold[data-program="${program}"]`);
        const shown = this.page.locator(".loyalty-sidecar-out-of-reach").first();
        // It unfolds by itself when the last reward goes out of reach: a press in that moment folds it again.
        for (let press = 0; press < 5; press++) {
            await fold.waitFor();
            if ((await fold.getAttribute("aria-expanded")) === "false") {
                await fold.click();
            }
            if (await shown.waitFor({ timeout: 3_000 }).then(() => true, () => false)) {
                return;
            }
        }
        await shown.waitFor();
    }

    reward(code) {
        return this.page.locator(`.loyalty-sidecar-reward[data-reward="${code}"]`);
    }

    async redeem(code) {
        await this.openRedeem();
        await this.reward(code).click();
        await this.page.waitForSelector(".loyalty-sidecar-dialog", { state: "detached" });
    }

    get lines() {
        return this.page.locator(".product-screen .order-container .orderline");
    }

    line(name) {
        return this.lines.filter({ hasText: name });
    }

    async total() {
        const total = await this.page.locator(".order-summary .total").innerText();
        return total.replaceAll("\u00a0", " ");
    }

    async selectLine(name) {
        const line = this.line(name).first();
        if (!(await line.evaluate((element) => element.classList.contains("selected")))) {
            await line.click();
        }
        await this.page.waitForSelector(".orderline.selected");
    }

    async key(value) {
        await this.page.locator(".numpad button, .subpads .numpad-button", { hasText: value }).first().click();
    }

    async startPayment() {
        await this.page.click(".pay-order-button");
        await this.page.waitForSelector(".payment-screen");
    }

    async pay(method = "Card") {
        await this.startPayment();
        return this.payFrom(method);
    }

    /** On the payment screen. */
    async payFrom(method) {
        await this.page.locator(".paymentmethods .paymentmethod", { hasText: method }).first().click();
        await this.page.locator(".payment-screen .validation-button:visible, .payment-screen .next:visible").first().click();
        await this.page.waitForSelector(".receipt-screen .pos-receipt");
        return Date.now();
    }

    /** The refund screen with a paid order chosen. */
    async openRefund(order) {
        await this.controlButton("Refund");
        await this.page.waitForSelector(".ticket-screen");
        const row = { hasText: order.pos_reference };
        // Rows move while the paid orders arrive from the server: a click may meet the row that stood there before.
        await eventually(`order ${order.pos_reference} to be chosen`, async () => {
            await this.page.locator(".ticket-screen .order-row", row).first().click();
            await this.page.locator(".ticket-screen .order-row.highlight", row).waitFor({ timeout: 2_000 });
            return true;
        }, 30_000);
    }

    /** So many of a line of the order chosen on the refund screen. */
    async refundLine(name, quantity) {
        await this.page.locator(".ticket-screen .orderline", { hasText: name }).first().click();
        // Not on the keyboard: keys in quick succession are a barcode scanner's.
        await this.page.locator(".ticket-screen .numpad button", { hasText: quantity }).first().click();
        await this.page.locator(".ticket-screen .orderline", { hasText: new RegExp(`${name.replaceAll(/[^a-z0-9 ]/gi, ".")}[\\s\\S]*To Refund:\\s*${quantity}`) }).first().waitFor();
    }

    /** What stands on a line of the order that is refunded. */
    refundNotes(name) {
        return this.page.locator(".ticket-screen .orderline", { hasText: name }).locator(".refund-note");
    }

    async doRefund() {
        await this.page.locator(".ticket-screen .pads button", { hasText: "Refund" }).first().click();
        await this.page.waitForSelector(".payment-screen");
    }

    /** Odoo's own screens sell nothing on a refund; other modules do, and so do other releases. */
    async sellOnRefund(name) {
        await this.page.evaluate(async (name) => {
            const product = window.posmodel.models["product.product"].find((each) => each.name === name);
            await window.posmodel.addLineToCurrentOrder(
                { product_id: product, product_tmpl_id: product.product_tmpl_id, qty: 1 }, { force: true }
            );
        }, name);
    }

    get receipt() {
        return this.page.locator(".receipt-screen .loyalty-sidecar-receipt");
    }

    async newOrder() {
        await this.page.locator(".receipt-screen button:has-text('New Order'), .receipt-screen .next:visible").first().click();
        await this.page.waitForSelector(".product-screen, .floor-screen");
        if (await this.page.locator(".floor-screen").count()) {
            await this.chooseTable();
        }
    }

    async close() {
        await this.page.context().close();
    }
}
