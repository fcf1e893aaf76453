import { markRaw } from "@odoo/owl";

// Nobody waits for it: it is asked once the cashier has put everything on the order.
const PAUSE_MS = 1200;

/**
 * What an order without a customer would earn if somebody who takes part were chosen: for the cashier to tell, and on
 * the receipt. The administrator can turn it off; the server then says so, and is not asked again.
 */
export class WouldEarn {
    constructor(pos) {
        this.pos = pos;
        this.byOrder = {};
        this.isOff = false;
        // Without a service there is nothing to ask, until it has answered something else.
        this.isMissing = false;
        this.isAsking = false;
        this.timers = markRaw(new Map());
    }

    get sidecar() {
        return this.pos.loyaltySidecar;
    }

    /** Programs with their points, of the order as it now is. */
    of(order) {
        const known = order && this.byOrder[order.uuid];
        return known && known.signature === this.signatureOf(order) ? known.programs : [];
    }

    /** Text that changes when there is something new to ask; "" when there is nothing to ask. */
    signatureOf(order) {
        if (!order || order.finalized || order.isRefund || order.getPartner() || !order.lines.length) {
            return "";
        }
        return JSON.stringify(this.sidecar.draftOf(order));
    }

    orderChanged(order) {
        if (!order) {
            return;
        }
        clearTimeout(this.timers.get(order.uuid));
        this.timers.delete(order.uuid);
        const signature = this.signatureOf(order);
        if (!signature || this.isOff || this.isMissing || this.byOrder[order.uuid]?.signature === signature) {
            return;
        }
        const rest = Math.max(this.sidecar.restUntil - Date.now(), 0);
        this.timers.set(
            order.uuid,
            setTimeout(() => this.ask(order), Math.max(PAUSE_MS, rest))
        );
    }

    async ask(order) {
        const signature = this.signatureOf(order);
        if (!signature || this.isAsking || this.pos.data.network.offline) {
            return;
        }
        if (Date.now() < this.sidecar.restUntil) {
            this.orderChanged(order);
            return;
        }
        // One at a time: each keeps a worker of Odoo for as long as the service takes.
        this.isAsking = true;
        let answer;
        try {
            answer = await this.sidecar.call("loyalty_sidecar_would_earn", [this.sidecar.draftOf(order)]);
        } finally {
            this.isAsking = false;
        }
        if (answer.ok) {
            this.isOff = Boolean(answer.is_off);
            this.byOrder[order.uuid] = { signature, programs: answer.programs };
        } else {
            this.isMissing = answer.error.kind === "not_configured";
            this.sidecar.rest(answer.error);
        }
        const shown = this.pos.getOrder?.();
        if (shown && this.signatureOf(shown) !== signature) {
            this.orderChanged(shown);
        }
    }

    /** Before the payment: what is known goes on the receipt. A sale does not wait for it. */
    prepareReceipt(order) {
        if (order.getPartner()) {
            const programs = this.sidecar.of(order)?.programs || [];
            order.setLoyaltyWouldEarn(programs.filter(({ would_earn }) => Number(would_earn) > 0));
        } else {
            order.setLoyaltyWouldEarn(this.of(order));
        }
    }
}
