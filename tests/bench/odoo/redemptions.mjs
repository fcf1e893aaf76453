/**
 * Redemptions a second: the sidecar (hold and capture) ÷ Odoo 19's own loyalty (validate and confirm, over JSON-RPC).
 *
 * Odoo runs as it does by default, one process, with as many clients as suit it best, each at a card of its own; the
 * sidecar on SQLite with its defaults (without a limit of calls), 16 clients. Each block ends with a look at the points:
 * they went down by what was redeemed, to the point.
 *
 *   LOYALTY_BENCH_LOAD     a load generator instead of load.mjs, called with the same arguments
 *   LOYALTY_BENCH_SECONDS  how long each side of a block lasts (5)
 *   LOYALTY_BENCH_BLOCKS   blocks (20)
 */
import { Odoo } from "../../odoo/specs/lib/odoo.mjs";
import { OdooTills } from "./odoo_tills.mjs";
import { compare, count, progress, rounded } from "./ratio.mjs";
import { SidecarTills } from "./sidecar_tills.mjs";

const SECONDS = count("LOYALTY_BENCH_SECONDS", 5);
const MEMBERS = 500;
const SIDECAR_CLIENTS = 16;
const ODOO_CLIENTS = [1, 2, 3, 4];
/** Redemptions a second that no Odoo on one process comes to: so many orders are ready when it begins. */
const UNHEARD_OF = 200;

/** Customers until there are enough: a load generator knows how many there are, so their ids are 1 to that number. */
async function customers(odoo) {
    const everybody = { context: { active_test: false } };
    const known = await odoo.call("res.partner", "search_count", [[["id", "<=", MEMBERS]]], everybody);
    await odoo.call("res.partner", "create", [Array.from({ length: MEMBERS - known }, (_, index) => ({ name: `Member ${known + index + 1}` }))]);
    if ((await odoo.call("res.partner", "search_count", [[["id", "<=", MEMBERS]]], everybody)) !== MEMBERS) {
        throw new Error(`the ids 1 to ${MEMBERS} are not all customers: a fresh database with demo data is needed`);
    }
}

/** How many clients suit Odoo best, found by trying. */
async function bestOf(tills) {
    const rates = {};
    await tills.stock(UNHEARD_OF);
    // Odoo's caches fill.
    await tills.redeem(1, 1);
    for (const clients of ODOO_CLIENTS) {
        await tills.stock(UNHEARD_OF * SECONDS);
        rates[clients] = rounded(await tills.redeem(clients, SECONDS));
        progress(`Odoo with ${clients} ${clients === 1 ? "client" : "clients"}: ${rates[clients].toFixed(1)}/s`);
    }
    const clients = ODOO_CLIENTS.reduce((best, other) => (rates[other] > rates[best] ? other : best));
    return { clients, rates };
}

const odoo = await new Odoo({
    url: process.env.LOYALTY_TEST_ODOO_URL,
    database: process.env.LOYALTY_TEST_ODOO_DATABASE,
    login: "admin",
    password: "admin",
}).connect();
await customers(odoo);
const own = await OdooTills.open(odoo, Math.max(...ODOO_CLIENTS));
const ours = await SidecarTills.open(odoo, MEMBERS);
try {
    const { clients, rates } = await bestOf(own);
    progress(`the sidecar, warming up: ${(await ours.redeem(SIDECAR_CLIENTS, 1)).toFixed(0)}/s`);
    await compare({
        name: "redemptions/s, 16 tills ÷ a real Odoo 19's own",
        a: {
            what: `sidecar, hold + capture, ${SIDECAR_CLIENTS} clients, SQLite`,
            unit: "1/s",
            measure: () => ours.redeem(SIDECAR_CLIENTS, SECONDS),
        },
        b: {
            what: `Odoo 19, validate + confirm over JSON-RPC, its best of ${ODOO_CLIENTS.length}: ${clients} clients, a card each`,
            unit: "1/s",
            measure: async () => {
                await own.stock(UNHEARD_OF * SECONDS);
                return own.redeem(clients, SECONDS);
            },
        },
        must: ">= 200",
        extra: () => ({ odoo_by_clients: rates }),
    });
    await ours.sidecar.verify();
} finally {
    await ours.sidecar.stop();
}
