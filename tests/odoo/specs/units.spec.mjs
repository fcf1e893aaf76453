import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, login } from "./lib/browser.mjs";
import { Odoo } from "./lib/odoo.mjs";

// The addon's unit tests (static/tests/unit) in Odoo's own runner, as Odoo runs its own: at /web/tests, of one suite.
const SUITE = "@loyalty_sidecar";
const TESTS_AT_LEAST = 17;

/** How the runner calls a suite or a test in an address: a hash of its name. */
function idOf(name) {
    let hash = 0;
    for (const char of name) {
        hash = ((hash << 5) - hash + char.codePointAt(0)) | 0;
    }
    return (hash >>> 0).toString(16).padStart(8, "0");
}

after(closeBrowser);

test("the addon's unit tests pass in Odoo's own runner", { timeout: 600_000 }, async () => {
    assert.equal(idOf("@web/core"), "e39ce9ba", "Odoo's own test of this hash");
    const page = await login(Odoo.ofEnvironment(), { viewport: { width: 1366, height: 768 } });
    const said = [];
    const ended = new Promise((resolve) =>
        page.on("console", (message) => {
            const text = message.text().replaceAll("%c", "").replaceAll(/ *color:#\w+;font-weight:bold */g, " ");
            if (text.includes("[HOOT]")) {
                said.push(text);
            }
            if (/Test suite succeeded|Failed \d+ tests?|no tests to run/.test(text)) {
                resolve();
            }
        })
    );
    // The first to open it waits until Odoo has built the assets of all its tests.
    await page.goto(`/web/tests?headless&loglevel=2&preset=desktop&timeout=60000&id=${idOf(SUITE)}`, { timeout: 300_000 });
    await ended;
    const text = said.join("\n");
    const passed = Number(/Passed (\d+) tests?/.exec(text)?.[1] || 0);
    if (!text.includes("Test suite succeeded")) {
        assert.fail(said.filter((each) => /failed|no tests/i.test(each)).join("\n"));
    }
    assert.ok(passed >= TESTS_AT_LEAST, `${passed} tests passed, at least ${TESTS_AT_LEAST} are there:\n${text}`);
    console.log(`${passed} unit tests passed in Odoo's runner`);
});
