/**
 * The time until a customer's form is usable in the web client of Odoo 19: with the addon, and a sidecar that answers,
 * ÷ without the addon.
 *
 * From the click on the customer in a list until the form is on the screen and the page waits for its user again. Both
 * Odoos are copies of one database, the browser is one. Every customer is opened once, because Odoo's client remembers
 * those it has seen; the first openings, which load scripts and views, are not counted. Also told: when the points are
 * there (the addon asks for them once the form is on the screen), and when all that the form asks for has come.
 *
 *   LOYALTY_BENCH_OPENINGS  openings of each side of a block (5)
 *   LOYALTY_BENCH_BLOCKS    blocks (20)
 */
import { closeBrowser } from "../../odoo/specs/lib/browser.mjs";
import { Odoo } from "../../odoo/specs/lib/odoo.mjs";
import { Office } from "./office.mjs";
import { BLOCKS, compare, count, median, medianWithInterval, progress, rounded } from "./ratio.mjs";
import { sidecarBeside } from "./sidecar_tills.mjs";

const OPENINGS = count("LOYALTY_BENCH_OPENINGS", 5);
const WARM_UP = 10;
const POINTS = 1234;

async function office(url, database) {
    const odoo = await new Odoo({ url, database, login: "admin", password: "admin" }).connect();
    return Office.open(odoo, WARM_UP + BLOCKS * OPENINGS);
}

/** Openings of one office, block by block. */
class Openings {
    constructor(office, balance) {
        Object.assign(this, { office, balance });
        this.blocks = [];
    }

    /** A block's openings; the median until usable, in milliseconds. */
    async measure(number = OPENINGS) {
        const times = [];
        for (let opening = 0; opening < number; opening += 1) {
            const each = await this.office.opening();
            // With the addon each form shows the points, and without it none does.
            if (each.balance !== this.balance) {
                throw new Error(`the form shows ${each.balance} points, not ${this.balance}`);
            }
            times.push(each);
        }
        this.blocks.push(times);
        return median(times.map(({ usable }) => usable));
    }

    /** The median of each block of something, in milliseconds. */
    medians(what) {
        return this.blocks.map((times) => median(times.map((each) => each[what])));
    }
}

const plain = await office(process.env.LOYALTY_BENCH_PLAIN_URL, process.env.LOYALTY_BENCH_PLAIN_DATABASE);
const addon = await office(process.env.LOYALTY_TEST_ODOO_URL, process.env.LOYALTY_TEST_ODOO_DATABASE);
const sidecar = await sidecarBeside(addon.odoo);
try {
    for (const { id } of addon.customers) {
        await sidecar.give(id, POINTS);
    }
    await addon.odoo.setParameter("loyalty_sidecar.url", sidecar.url);
    await addon.odoo.setParameter("loyalty_sidecar.token", sidecar.tokens.pos);
    const sides = { with: new Openings(addon, POINTS.toLocaleString("en-US")), without: new Openings(plain, undefined) };
    for (const side of Object.values(sides)) {
        await side.office.enter();
        progress(`warm after ${WARM_UP} openings: ${(await side.measure(WARM_UP)).toFixed(0)} ms`);
        side.blocks = [];
    }
    await compare({
        name: "odoo-customer-form",
        a: { what: "customer form usable, with the addon", unit: "ms", measure: () => sides.with.measure() },
        b: { what: "customer form usable, without the addon", unit: "ms", measure: () => sides.without.measure() },
        must: "<= 1.1",
        extra: () => {
            const [loadedWith, loadedWithout] = [sides.with.medians("loaded"), sides.without.medians("loaded")];
            const loaded = medianWithInterval(loadedWith.map((time, block) => time / loadedWithout[block]));
            return {
                points_shown_ms: rounded(median(sides.with.medians("points"))),
                all_loaded_ms: { with: rounded(median(loadedWith)), without: rounded(median(loadedWithout)) },
                all_loaded_ratio: [loaded.median, loaded.low, loaded.high].map(rounded),
            };
        },
    });
} finally {
    await closeBrowser();
    await sidecar.stop();
}
