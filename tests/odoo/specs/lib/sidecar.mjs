import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { openSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export const PROGRAM = {
    code: "club",
    name: "Club",
    currency: "USD",
    timezone: "UTC",
    earning: {
        rules: [{ code: "base", kind: "per_amount", every: "10.00", points: "10", step: "whole" }],
    },
    rewards: [
        { code: "5off", name: "5 off", kind: "discount_amount", points: "100", amount: "5.00" },
        { code: "pay", name: "Pay with points", kind: "discount_per_point", rate: "0.05", minimum_points: "50" },
        { code: "50off", name: "50 off", kind: "discount_amount", points: "1000", amount: "50.00" },
    ],
};

export async function freePort() {
    const server = createServer();
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
}

/** The real binary, on a database of its own in a temporary folder. */
export class Sidecar {
    static async create(odoo, { program = PROGRAM, intervalSeconds = 2 } = {}) {
        const sidecar = new Sidecar();
        sidecar.binary = process.env.LOYALTY_SIDECAR_BIN;
        if (!sidecar.binary) {
            throw new Error("LOYALTY_SIDECAR_BIN is not set: start the specs with tests/odoo/specs/run");
        }
        sidecar.folder = await mkdtemp(join(tmpdir(), "loyalty-spec-"));
        sidecar.port = await freePort();
        sidecar.url = `http://127.0.0.1:${sidecar.port}`;
        sidecar.log = join(process.env.LOYALTY_TEST_OUT || sidecar.folder, `sidecar-${sidecar.port}.log`);
        sidecar.env = {
            ...process.env,
            LOYALTY__DATABASE__URL: `sqlite://${join(sidecar.folder, "loyalty.db")}`,
            LOYALTY__HTTP__BIND: `127.0.0.1:${sidecar.port}`,
            LOYALTY__ODOO__URL: odoo.url,
            LOYALTY__ODOO__DATABASE: odoo.database,
            LOYALTY__ODOO__LOGIN: process.env.LOYALTY_TEST_ODOO_SERVICE_LOGIN || odoo.login,
            LOYALTY__ODOO__API_KEY: process.env.LOYALTY_TEST_ODOO_SERVICE_KEY || odoo.password,
            // JSON-2 takes keys alone: with a password the older protocol is left.
            ...(process.env.LOYALTY_TEST_ODOO_SERVICE_KEY ? {} : { LOYALTY__ODOO__PROTOCOL: "jsonrpc" }),
            LOYALTY__SYNC__INTERVAL_SECONDS: String(intervalSeconds),
        };
        sidecar.tokens = {};
        for (const role of ["pos", "viewer", "manager", "admin"]) {
            sidecar.tokens[role] = (await sidecar.cli("token", "create", "--role", role, "--name", `specs ${role}`)).trim();
        }
        const file = join(sidecar.folder, "program.json");
        await writeFile(file, JSON.stringify(program));
        await sidecar.cli("program", "put", file);
        await sidecar.start();
        return sidecar;
    }

    async cli(...args) {
        const { stdout } = await run(this.binary, args, { env: this.env, cwd: this.folder });
        return stdout;
    }

    async start() {
        const log = openSync(this.log, "a");
        this.process = spawn(this.binary, ["serve"], { env: this.env, cwd: this.folder, stdio: ["ignore", log, log] });
        // Whatever becomes of this run, its sidecar does not outlive it.
        const child = this.process;
        process.once("exit", () => child.kill("SIGKILL"));
        this.ended = new Promise((resolve) => this.process.once("exit", resolve));
        let over = false;
        this.ended.then(() => (over = true));
        const until = Date.now() + 60_000;
        while (Date.now() < until && !over) {
            const alive = await fetch(`${this.url}/healthz`).then((answer) => answer.ok, () => false);
            if (alive) {
                return;
            }
            await sleep(100);
        }
        throw new Error(`the sidecar does not answer: see ${this.log}`);
    }

    /** As a power cut would: no goodbye, nothing flushed by its own hand. */
    async kill() {
        this.process.kill("SIGKILL");
        await this.ended;
    }

    async stop() {
        if (this.process.exitCode === null && this.process.signalCode === null) {
            this.process.kill("SIGTERM");
            const timer = setTimeout(() => this.process.kill("SIGKILL"), 12_000);
            await this.ended;
            clearTimeout(timer);
        }
        await rm(this.folder, { recursive: true, force: true });
    }

    async rpc(method, params = {}, role = "viewer") {
        const response = await fetch(`${this.url}/jsonrpc`, {
            method: "POST",
            headers: { "Content-Type": "application/json", Authorization: `Bearer ${this.tokens[role]}` },
            body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
        });
        const answer = await response.json();
        if (answer.error) {
            throw Object.assign(new Error(answer.error.message), answer.error);
        }
        return answer.result;
    }

    async points(partnerId) {
        const [{ programs }] = await this.rpc("loyalty.balance", { partner_ids: [partnerId] });
        const club = programs.find((program) => program.program === "club");
        return { balance: Number(club.balance), held: Number(club.held), available: Number(club.available) };
    }

    async entries(partnerId) {
        const { entries } = await this.rpc("loyalty.history", { partner_id: partnerId });
        return entries.map((entry) => ({ ...entry, points: Number(entry.points), balance_after: Number(entry.balance_after) }));
    }

    give(partnerId, points, program = "club") {
        return this.rpc(
            "ledger.adjust",
            { idempotency_key: crypto.randomUUID(), partner_id: partnerId, program, points: String(points), reason: "spec" },
            "admin"
        );
    }

    /** Another version of a program, from now on. */
    put(program) {
        return this.rpc("program.put", { program }, "admin");
    }

    /** The audit of the ledger: throws with its words when anything is wrong. */
    async verify() {
        await this.cli("verify");
    }
}

export function sleep(milliseconds) {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Wait until the condition returns something true, and return that. */
export async function eventually(what, condition, milliseconds = 10_000) {
    const until = Date.now() + milliseconds;
    let last;
    for (;;) {
        try {
            last = await condition();
            if (last) {
                return last;
            }
        } catch (error) {
            last = error;
        }
        if (Date.now() >= until) {
            throw new Error(`not within ${milliseconds} ms: ${what} (last: ${last instanceof Error ? last.message : JSON.stringify(last)})`);
        }
        await sleep(100);
    }
}
