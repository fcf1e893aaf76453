/**
 * Orders a second that the sidecar takes in, from a stand-in that never keeps it waiting ÷ those that a real Odoo answers
 * when it is asked the same questions and nobody does anything with the answers.
 *
 *   LOYALTY_BENCH_READS   the benchmarks' program (`cargo bench --bench ratios`), which measures both
 *   LOYALTY_BENCH_ORDERS  orders of this Odoo (10,000)
 *   LOYALTY_BENCH_BLOCKS  blocks (20; 5 at most)
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Odoo } from "../../odoo/specs/lib/odoo.mjs";
import { BLOCKS, count, progress } from "./ratio.mjs";

const ORDERS = count("LOYALTY_BENCH_ORDERS", 10_000);
/** Orders made in one request. */
const AT_ONCE = 500;

const { LOYALTY_TEST_ODOO_URL: url, LOYALTY_TEST_ODOO_DATABASE: database } = process.env;
const odoo = await new Odoo({ url, database, login: "admin", password: "admin" }).connect();

const [config] = await odoo.searchRead("pos.config", [["module_pos_restaurant", "=", false]], ["id"], { order: "id", limit: 1 });
await odoo.call("pos.config", "open_ui", [[config.id]]);
const [{ current_session_id: session }] = await odoo.call("pos.config", "read", [[config.id], ["current_session_id"]]);
const products = await odoo.call("product.product", "search", [[["available_in_pos", "=", true], ["type", "=", "consu"]]], { limit: 2 });
const partners = await odoo.call("res.partner", "create", [Array.from({ length: 500 }, (_, index) => ({ name: `Customer ${index + 1}` }))]);

const line = (product) => [0, 0, { product_id: product, qty: 1, price_unit: 25, price_subtotal: 25, price_subtotal_incl: 25 }];
const order = (number) => ({
    session_id: session[0],
    partner_id: partners[number % partners.length],
    state: "paid",
    amount_total: 50,
    amount_paid: 50,
    amount_tax: 0,
    amount_return: 0,
    lines: [line(products[0]), line(products.at(-1))],
});
for (let made = 0; made < ORDERS; made += AT_ONCE) {
    await odoo.call("pos.order", "create", [Array.from({ length: AT_ONCE }, (_, index) => order(made + index))]);
    progress(`${made + AT_ONCE} of ${ORDERS} orders`);
}

const login = process.env.LOYALTY_TEST_ODOO_SERVICE_LOGIN;
const reads = spawn(
    process.env.LOYALTY_BENCH_READS,
    [
        ...["--blocks", String(BLOCKS), "odoo-reads", "--url", url, "--database", database],
        ...["--login", login, "--key", process.env.LOYALTY_TEST_ODOO_SERVICE_KEY],
    ],
    { stdio: ["ignore", "inherit", "inherit"] }
);
const [status] = await once(reads, "exit");
process.exitCode = status ?? 1;
