import { chromium } from "playwright-core";

// Every page asks Odoo on loopback alone; nothing of the browser's own may call out.
const ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
];

let browser;

export async function launch() {
    browser ||= await chromium.launch({
        executablePath: process.env.LOYALTY_TEST_CHROMIUM || "/usr/bin/chromium",
        args: ARGS,
        headless: true,
    });
    return browser;
}

export async function closeBrowser() {
    await browser?.close();
    browser = undefined;
}

/** A browser of its own, with its own cookies and storage, logged in to Odoo. */
export async function login(odoo, { login = odoo.login, password = odoo.password, ...options } = {}) {
    const context = await (await launch()).newContext({
        baseURL: odoo.url,
        viewport: { width: 1366, height: 900 },
        locale: "en-US",
        timezoneId: "UTC",
        ...options,
    });
    context.setDefaultTimeout(30_000);
    const page = await context.newPage();
    page.problems = [];
    page.on("pageerror", (error) => page.problems.push(String(error)));
    page.on("console", (message) => {
        if (message.type() === "error") {
            page.problems.push(message.text());
        }
    });
    await page.goto("/web/login");
    await page.fill("input[name=login]", login);
    await page.fill("input[name=password]", password);
    await page.click("button[type=submit]");
    // The first to log in waits until Odoo has built the web client's assets.
    await page.waitForURL((url) => !url.pathname.startsWith("/web/login"), { timeout: 120_000 });
    return page;
}
