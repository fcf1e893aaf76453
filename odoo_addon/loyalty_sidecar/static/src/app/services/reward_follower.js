import { markRaw } from "@odoo/owl";
import { IN_DOUBT, IS_AWAY } from "@loyalty_sidecar/app/services/till_calls";
import { isRenewal, putInPlace, questionOf, takeRefusal } from "@loyalty_sidecar/app/utils/reward_answers";
import { basisOf } from "@loyalty_sidecar/app/utils/reward_basis";
import { isDue, isOver, looksAfter, NO_ROOM, note, noteOf } from "@loyalty_sidecar/app/utils/reward_due";
import { verdict } from "@loyalty_sidecar/app/utils/reward_lines";
import { _t } from "@web/core/l10n/translation";

// A changed basket is asked about once the cashier pauses.
const PAUSE_MS = 400;
// After a failure the service is left alone for a while, as for the figures of the panel.
const REST_MS = 10000;
// What checking the rewards may cost the cashier at most, at the payment.
const SETTLE_MS = 8000;
// How long an answer waits for Odoo to save an order.
const SAVE_MS = 5000;
// More questions than this in one go, and something is wrong.
const MOST_QUESTIONS = 30;

/**
 * Rewards follow the basket: when what a reward was computed of has changed, its hold is asked for anew in the place of
 * the old one, and its lines become what fits now. What no longer applies at all is taken off, with a word.
 *
 * What it keeps of each reward stands in the order's grant, beside what reward_lines.js keeps there:
 *   reward   its code; wanted: how many points the cashier asked for, where that is free
 *   basis    what it was computed of (reward_basis.js)
 *   askedAt, expiresAt   by this till's clock
 *   pending  a question without an answer: asked again with its key before any other
 *   ended    its hold is over, so there is nothing to replace
 *   waits    the answer would change the total, which is being paid: asked again when the cashier can see it
 */
export class RewardFollower {
    constructor(pos) {
        this.pos = pos;
        // While a reward is being redeemed, the order's holds stay as they are.
        this.isPaused = false;
        this.running = markRaw(new Map());
        this.timers = markRaw(new Map());
        this.restUntil = 0;
        // Orders whose rewards the cashier waits for, and those that are being paid as they are.
        this.settling = markRaw(new Set());
        this.validating = markRaw(new Set());
        this.saves = markRaw(new Set());
    }

    get sidecar() {
        return this.pos.loyaltySidecar;
    }

    /** To be called when a reward has been put on the order: what it says now is what it is for. */
    begin(order, holdId, hold, points) {
        note(order, holdId, noteOf(hold, points));
        note(order, holdId, { basis: basisOf(order, holdId) });
        this.schedule(order);
    }

    /** Whether a reward that no longer fits is for this to look after, and not to be taken off at once. */
    looksAfter(order, holdId) {
        return looksAfter(order, holdId);
    }

    isDue(order, holdId) {
        return isDue(order, holdId, this.mayChange(order));
    }

    /** Whether the total may change: what has been paid in was for the total that the cashier saw. */
    mayChange(order) {
        return !order.payment_ids.length || this.settling.has(order.uuid);
    }

    /** The next reward to ask about. A product at a price comes last: its price counts what the others take off. */
    next(order) {
        const due = Object.keys(order.loyaltyHolds).filter((holdId) => this.isDue(order, holdId));
        const isLast = (holdId) => order.loyaltyHolds[holdId].kind === "product_at_price";
        return due.find((holdId) => !isLast(holdId)) || due[0];
    }

    /** After any change of the order, once the cashier pauses. */
    schedule(order) {
        clearTimeout(this.timers.get(order.uuid));
        this.timers.delete(order.uuid);
        if (order.finalized || order.isRefund || !this.next(order)) {
            return;
        }
        const rest = Math.max(this.restUntil - Date.now(), 0);
        this.timers.set(
            order.uuid,
            setTimeout(
                () => (this.isPaused ? this.schedule(order) : this.run(order)),
                Math.max(PAUSE_MS, rest)
            )
        );
    }

    /** Does something to the order's rewards while none is asked about. */
    async undisturbed(order, work) {
        if (this.next(order)) {
            await this.run(order);
        }
        this.isPaused = true;
        try {
            return await work();
        } finally {
            this.isPaused = false;
        }
    }

    /** Asks until nothing is left to ask; whether that is so. One after the other: each is decided beside the others. */
    run(order) {
        const before = this.running.get(order.uuid);
        if (before) {
            return before;
        }
        const work = this.work(order).finally(() => this.running.delete(order.uuid));
        this.running.set(order.uuid, work);
        return work;
    }

    /** Once more when what ran already had just seen that nothing was left. */
    async runToTheEnd(order) {
        return (await this.run(order)) && (!this.next(order) || (await this.run(order)));
    }

    async work(order) {
        for (let question = 0; question < MOST_QUESTIONS; question++) {
            const holdId = this.isOpen(order) && this.next(order);
            if (!holdId) {
                return true;
            }
            if (!(await this.ask(order, holdId))) {
                this.restUntil = Date.now() + REST_MS;
                this.schedule(order);
                return false;
            }
        }
        return false;
    }

    /** While it is being paid, an order stays as it is. */
    async whileValidating(order, work) {
        this.validating.add(order.uuid);
        try {
            return await work();
        } finally {
            this.validating.delete(order.uuid);
            this.schedule(order);
        }
    }

    /** To be called with each save of orders: what Odoo answers takes the place of the orders here. */
    saving(work) {
        const save = Promise.resolve(work)
            .catch(() => {})
            .finally(() => this.saves.delete(save));
        this.saves.add(save);
    }

    async saved() {
        if (this.saves.size) {
            await Promise.race([
                Promise.all(this.saves),
                new Promise((resolve) => setTimeout(resolve, SAVE_MS)),
            ]);
        }
    }

    /**
     * Odoo's copy of an order carries the hold that was replaced: another till would ask with it. An order on the screen
     * is saved when the cashier leaves it: Odoo's answer would undo what is typed meanwhile.
     */
    save(order) {
        if (!order.isSynced || order.finalized || !order.isDirty()) {
            return;
        }
        this.pos.addPendingOrder([order.id]);
        if (this.pos.getOrder()?.uuid !== order.uuid) {
            this.pos
                .syncAllOrders({ orders: [order] })
                .catch((error) => console.warn("loyalty_sidecar: the order is saved later", error));
        }
    }

    isOpen(order) {
        return (
            !order.finalized &&
            !this.validating.has(order.uuid) &&
            Boolean(this.pos.models["pos.order"].getBy("uuid", order.uuid)) &&
            typeof order.getPartner()?.id === "number"
        );
    }

    /** Asks for one reward anew. False when the service is away: the order stays as it is. */
    async ask(order, holdId) {
        if (this.pos.data.network.offline) {
            return false;
        }
        const question = order.loyaltyHolds[holdId].pending || questionOf(this.sidecar, order, holdId);
        note(order, holdId, { pending: { ...question, isSent: true } });
        const answer = await this.sidecar.call("loyalty_sidecar_hold", [question.draft, question.choice]);
        if (!answer.ok && IS_AWAY.includes(answer.error.kind)) {
            // The same question again, unless it is sure that nobody has heard it.
            const isHeard = question.isSent || IN_DOUBT.includes(answer.error.kind);
            note(order, holdId, { pending: isHeard ? { ...question, isSent: true } : undefined });
            return false;
        }
        this.restUntil = 0;
        await this.saved();
        if (order.finalized || this.validating.has(order.uuid)) {
            // Paid as it was: the hold that is in its place now keeps the points of the reward that was given.
            return true;
        }
        if (!order.loyaltyHolds[holdId] || !this.isOpen(order)) {
            // The cashier took it off, or gave the order to another customer, while the question was on its way.
            if (answer.ok) {
                this.sidecar.release([answer.result.hold_id], "line removed");
            }
            return true;
        }
        if (!this.mayChange(order) && !isRenewal(order, holdId, answer, question)) {
            const pending = answer.ok ? { ...question, isSent: true } : undefined;
            note(order, holdId, { pending, waits: true });
            return true;
        }
        note(order, holdId, { pending: undefined, waits: undefined });
        if (answer.ok) {
            putInPlace(this.sidecar, order, holdId, answer.result, question);
        } else {
            takeRefusal(this.sidecar, order, holdId, answer.error, question);
        }
        this.save(order);
        return true;
    }

    /**
     * Before the payment: every reward is what fits now and its hold lives, or it is taken off with a word.
     *
     * @returns {Promise<string>} why the order cannot be paid yet; "" if it can
     */
    async settle(order) {
        if (!order || order.finalized || order.isRefund) {
            return "";
        }
        this.settling.add(order.uuid);
        try {
            return this.next(order) ? await this.settleNow(order) : "";
        } finally {
            this.settling.delete(order.uuid);
        }
    }

    async settleNow(order) {
        clearTimeout(this.timers.get(order.uuid));
        await Promise.race([
            this.runToTheEnd(order),
            new Promise((resolve) => setTimeout(resolve, SETTLE_MS)),
        ]);
        const over = [];
        for (const holdId of Object.keys(order.loyaltyHolds).filter((id) => this.isDue(order, id))) {
            const grant = order.loyaltyHolds[holdId];
            if (grant.pending?.isSent) {
                return _t(
                    "The loyalty service has not answered whether “%s” fits the changed order. Try again in a moment, or remove the reward.",
                    grant.name
                );
            }
            const outcome = verdict(order, holdId);
            if (isOver(grant)) {
                over.push(holdId);
            } else if (NO_ROOM.includes(outcome) || grant.basis === "changed meanwhile") {
                this.sidecar.takeOffWithWord(order, [holdId], outcome === "share" ? "share" : "off");
            }
        }
        if (over.length) {
            this.sidecar.takeOffWithWord(order, over, "over");
        }
        return "";
    }
}
