import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Sidecar } from "../../odoo/specs/lib/sidecar.mjs";

const run = promisify(execFile);
const LOAD = fileURLToPath(new URL("load.mjs", import.meta.url));

const POINTS = 100;
/** Points of a member, more than any run takes. */
const PLENTY = 100_000_000;
/** Members that `loyalty.balance` answers for at once. */
const AT_ONCE = 1000;

export const PROGRAM = {
    code: "club",
    name: "Club",
    currency: "USD",
    earning: { rules: [{ code: "base", kind: "per_amount", every: "10.00", points: "10" }] },
    rewards: [{ code: "5off", name: "5 off", kind: "discount_amount", points: String(POINTS), amount: "5.00" }],
};

/** A sidecar that has read its customers from Odoo; it reads again in an hour, so that nobody else works Odoo meanwhile. */
export async function sidecarBeside(odoo) {
    const sidecar = await Sidecar.create(odoo, { program: PROGRAM, intervalSeconds: 3600 });
    await sidecar.rpc("sync.run", {}, "admin");
    return sidecar;
}

/** Redemptions as the sidecar does them: a hold and its capture. */
export class SidecarTills {
    /** The customers 1 to `members` of Odoo, each with plenty of points. */
    static async open(odoo, members) {
        const tills = new SidecarTills();
        tills.members = Array.from({ length: members }, (_, index) => index + 1);
        tills.sidecar = await sidecarBeside(odoo);
        for (const member of tills.members) {
            await tills.sidecar.give(member, PLENTY);
        }
        return tills;
    }

    /**
     * Clients that redeem for a while.
     *
     * @returns {Promise<number>} redemptions a second
     */
    async redeem(clients, seconds) {
        const before = await this.points();
        const { redemptions, seconds: took } = await this.load(clients, seconds);
        const taken = before - (await this.points());
        if (taken !== POINTS * redemptions) {
            throw new Error(`${redemptions} redemptions of ${POINTS} points were acknowledged, and ${taken} points taken`);
        }
        return redemptions / took;
    }

    /** A load generator may be anything that takes these arguments; ours is cheap for one of Node.js. */
    async load(clients, seconds) {
        const [program, ...first] = process.env.LOYALTY_BENCH_LOAD?.split(" ").filter(Boolean) ?? [process.execPath, LOAD];
        const { stdout } = await run(program, [
            ...first,
            ...["--url", this.sidecar.url, "--token", this.sidecar.tokens.pos],
            ...["--clients", String(clients), "--seconds", String(seconds), "--members", String(this.members.length)],
        ]);
        return JSON.parse(stdout);
    }

    /** What all members have together. */
    async points() {
        let sum = 0;
        for (let start = 0; start < this.members.length; start += AT_ONCE) {
            const answer = await this.sidecar.rpc("loyalty.balance", { partner_ids: this.members.slice(start, start + AT_ONCE) });
            for (const { programs } of answer) {
                sum += Number(programs.find(({ program }) => program === PROGRAM.code).balance);
            }
        }
        return sum;
    }
}
