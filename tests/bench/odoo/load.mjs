/**
 * Tills at a sidecar: each one connection and one call at a time, a hold and then its capture, again and again.
 *
 *   node load.mjs --url U --token T --clients N --seconds S --members M
 *
 * The members are the customers 1 to M. Prints {"redemptions": n, "seconds": s}: those acknowledged, and how long it
 * took. HTTP is written by hand on a bare socket, because the client shares the machine with what it measures.
 */
import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { parseArgs } from "node:util";

class Till {
    constructor({ url, token, members }, number, tills) {
        this.address = new URL(url);
        this.members = members;
        // Apart from one another, so that no two tills serve the same member.
        this.member = Math.floor((number * members) / tills);
        this.mark = randomUUID();
        this.serial = 0;
        this.head =
            `POST /jsonrpc HTTP/1.1\r\nHost: ${this.address.host}\r\nAuthorization: Bearer ${token}\r\n` +
            "Content-Type: application/json\r\nContent-Length: ";
        this.received = "";
    }

    async open() {
        this.socket = connect({ host: this.address.hostname, port: Number(this.address.port), noDelay: true });
        this.socket.setEncoding("latin1");
        this.socket.on("data", (text) => this.receive(text));
        const gone = (reason) => this.refuse?.(new Error(`the sidecar hung up: ${reason}`));
        this.socket.on("error", (error) => gone(error.message));
        this.socket.on("close", () => gone("the connection is closed"));
        await new Promise((resolve, reject) => {
            this.socket.once("connect", resolve);
            this.refuse = reject;
        });
    }

    close() {
        this.refuse = undefined;
        this.socket.destroy();
    }

    /** Take answers apart: each head says how long its body is. */
    receive(text) {
        this.received += text;
        const start = this.received.indexOf("\r\n\r\n") + 4;
        if (start < 4) {
            return;
        }
        const length = /\r\ncontent-length: *(\d+)/i.exec(this.received.slice(0, start))?.[1];
        if (!length || !this.received.startsWith("HTTP/1.1 200")) {
            this.refuse(new Error(`not an answer to count: ${this.received}`));
            return;
        }
        const end = start + Number(length);
        if (this.received.length >= end) {
            const body = this.received.slice(start, end);
            this.received = this.received.slice(end);
            this.answer(body);
        }
    }

    call(body) {
        return new Promise((resolve, reject) => {
            this.answer = resolve;
            this.refuse = reject;
            this.socket.write(`${this.head}${body.length}\r\n\r\n${body}`);
        });
    }

    /** One redemption of 100 points; it counts when the capture is acknowledged. */
    async redeem() {
        const member = this.member + 1;
        this.member = member % this.members;
        this.serial += 1;
        const order = `${this.mark}-${this.serial}`;
        const held = await this.call(
            `{"jsonrpc":"2.0","id":1,"method":"loyalty.hold","params":{"idempotency_key":"${order}","partner_id":${member},` +
                `"program":"club","reward":"5off","order":{"uuid":"${order}","company_id":1,"currency":"USD","pos_config_id":1,` +
                `"partner_id":${member},"lines":[{"uuid":"${order}-1","product_id":1,"qty":"1","price_subtotal":"25.00",` +
                `"price_subtotal_incl":"25.00"}]}}}`
        );
        const hold = /"hold_id":"([^"]+)"/.exec(held)?.[1];
        if (!hold) {
            throw new Error(`no hold: ${held}`);
        }
        const captured = await this.call(
            `{"jsonrpc":"2.0","id":2,"method":"loyalty.capture","params":{"hold_id":"${hold}","order":{"uuid":"${order}"}}}`
        );
        if (!captured.includes('"entry_id"')) {
            throw new Error(`no capture: ${captured}`);
        }
    }
}

async function run({ url, token, clients, seconds, members }) {
    const tills = Array.from({ length: clients }, (_, number) => new Till({ url, token, members }, number, clients));
    await Promise.all(tills.map((till) => till.open()));
    let redemptions = 0;
    const started = performance.now();
    const until = started + seconds * 1000;
    await Promise.all(
        tills.map(async (till) => {
            while (performance.now() < until) {
                await till.redeem();
                redemptions += 1;
            }
        })
    );
    const took = (performance.now() - started) / 1000;
    tills.forEach((till) => till.close());
    return { redemptions, seconds: took };
}

const text = { type: "string" };
const { values } = parseArgs({ options: { url: text, token: text, clients: text, seconds: text, members: text } });
const { url, token, ...numbers } = values;
const { clients, seconds, members } = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, Number(value)]));
if (!url || !token || !(clients > 0 && seconds > 0 && members > 0)) {
    process.stderr.write("usage: load.mjs --url U --token T --clients N --seconds S --members M\n");
    process.exit(2);
}
process.stdout.write(`${JSON.stringify(await run({ url, token, clients, seconds, members }))}\n`);
