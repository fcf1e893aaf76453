import { markRaw } from "@odoo/owl";
import { reserve } from "@loyalty_sidecar/app/services/redeeming";
import { RewardFollower } from "@loyalty_sidecar/app/services/reward_follower";
import { callTill } from "@loyalty_sidecar/app/services/till_calls";
import { WouldEarn } from "@loyalty_sidecar/app/services/would_earn";
import { draftOf, signatureOf } from "@loyalty_sidecar/app/utils/order_draft";
import { putAnew, takeOff, verdict } from "@loyalty_sidecar/app/utils/reward_lines";
import { wordsForTakenOff } from "@loyalty_sidecar/app/utils/words";
import { uuidv4 } from "@point_of_sale/utils";

// A change to the order is asked about once the cashier pauses, never per key.
const PAUSE_MS = 400;
// After a failure the till leaves the sidecar alone for a while: no worker of Odoo should spend
// its time waiting for a service that is down, once per scanned product.
const REST_MS = 10000;
// Figures older than this are asked for anew, and how often that is looked at.
const FIGURES_MS = 60000;
const LOOK_MS = 15000;

/**
 * The till's side of the conversation. It shows what the sidecar said and computes no points.
 *
 * One instance hangs on the PosStore (`pos.loyaltySidecar`); what it learnt of each order is in
 * `byOrder`, which the components read:
 *   { status: "loading" | "ready" | "failed", message, programs, signature }
 */
export class LoyaltySidecar {
    constructor(pos) {
        this.pos = pos;
        this.byOrder = {};
        this.restUntil = 0;
        this.lastFailure = null;
        this.timers = markRaw(new Map());
        this.unreleased = markRaw(new Map());
        this.firstPrints = markRaw(new Set());
        this.follower = new RewardFollower(pos);
        this.wouldEarn = new WouldEarn(pos);
        this.shownUuid = null;
        // Through the store: only what is written through it is seen by the components.
        setInterval(() => pos.loyaltySidecar?.lookAgain(), LOOK_MS);
    }

    /** Figures that stand on the screen grow old, and holds come to their end, without anybody touching the order. */
    lookAgain() {
        const order = this.pos.getOrder?.();
        if (order && !order.finalized && !document.hidden) {
            this.orderChanged(order);
        }
    }

    isOld(known) {
        return known.status === "ready" && Date.now() - known.at > FIGURES_MS;
    }

    /** What is known of the order, or null when it has no customer the server knows. */
    of(order) {
        return (order && this.byOrder[order.uuid]) || null;
    }

    draftOf(order) {
        return draftOf(order);
    }

    /** Changes exactly when there is something new to ask. */
    signatureOf(order) {
        return signatureOf(order);
    }

    /** To be called whenever the signature may have changed. */
    orderChanged(order) {
        if (!order || order.finalized) {
            return;
        }
        this.watchRewards(order);
        this.wouldEarn.orderChanged(order);
        const signature = this.signatureOf(order);
        const known = this.of(order);
        this.cancelTimer(order);
        if (!signature) {
            delete this.byOrder[order.uuid];
            return;
        }
        // A parked order that is taken up again: another till may have been at the points meanwhile.
        const isTakenUp = this.shownUuid !== order.uuid;
        this.shownUuid = order.uuid;
        const isKnown = known?.signature === signature && known.status !== "failed";
        if (isKnown && !isTakenUp && !this.isOld(known)) {
            return;
        }
        // A customer just chosen is shown at once; a changed basket when the cashier pauses.
        const fresh = !known || known.partnerId !== order.getPartner().id;
        const rest = Math.max(this.restUntil - Date.now(), 0);
        if (fresh) {
            this.byOrder[order.uuid] = {
                status: rest ? "failed" : "loading",
                message: rest ? this.lastFailure : "",
                programs: [],
                signature: "",
                partnerId: order.getPartner().id,
            };
        }
        this.timers.set(
            order.uuid,
            setTimeout(() => this.refresh(order), Math.max(fresh || isKnown ? 0 : PAUSE_MS, rest))
        );
    }

    cancelTimer(order) {
        clearTimeout(this.timers.get(order.uuid));
        this.timers.delete(order.uuid);
    }

    /** Ask for points and quote now. An answer to an order that has changed since is dropped. */
    async refresh(order) {
        this.cancelTimer(order);
        const signature = this.signatureOf(order);
        if (!signature) {
            return null;
        }
        const partnerId = order.getPartner().id;
        const answer = await this.call("loyalty_sidecar_refresh", [this.draftOf(order)]);
        if (this.signatureOf(order) !== signature) {
            return null;
        }
        if (!answer.ok) {
            this.rest(answer.error);
            this.byOrder[order.uuid] = {
                status: "failed",
                kind: answer.error.kind,
                message: answer.error.message,
                programs: [],
                signature,
                partnerId,
            };
            if (answer.error.kind !== "not_configured") {
                // It shows by itself when the sidecar is back.
                this.timers.set(
                    order.uuid,
                    setTimeout(() => this.orderChanged(order), REST_MS)
                );
            }
            return this.of(order);
        }
        this.restUntil = 0;
        this.wouldEarn.isMissing = false;
        this.byOrder[order.uuid] = {
            status: "ready",
            message: "",
            programs: answer.programs,
            signature,
            partnerId,
            at: Date.now(),
        };
        this.releaseAgain();
        return this.of(order);
    }

    /** After a failure: leave the service alone for a while. */
    rest(error) {
        this.restUntil = Date.now() + REST_MS;
        this.lastFailure = error.message;
    }

    /** Whether Odoo is printing the receipt by itself, right after the sale. */
    isPrintingFirst(order) {
        return this.firstPrints.has(order.uuid);
    }

    /** A key for one press of the button: the same press repeated reserves once. */
    newKey() {
        return uuidv4();
    }

    /** Reserve the points of a reward and put its discount on the order (see redeeming.js). */
    redeem(order, press) {
        return this.follower.undisturbed(order, () => reserve(this, order, press));
    }

    /** After any change of the order: no reward stays that is larger than what it was given for. */
    watchRewards(order) {
        this.dropLostHolds(order);
        for (const holdId of Object.keys(order.loyaltyHolds)) {
            const outcome = verdict(order, holdId);
            if (outcome === "anew") {
                putAnew(order, holdId);
            } else if (outcome !== "keep" && !this.follower.looksAfter(order, holdId)) {
                // At once: those that came after it have its room.
                this.takeOffWithWord(order, [holdId], outcome);
            }
        }
        this.follower.schedule(order);
    }

    /** Rewards that no longer apply: the cashier reads which, and why. */
    takeOffWithWord(order, holdIds, why, reason) {
        const names = holdIds.map((holdId) => order.loyaltyHolds[holdId].name).join(", ");
        holdIds.forEach((holdId) => takeOff(order, holdId));
        this.dropLostHolds(order);
        this.pos.notification.add(wordsForTakenOff(why, names, reason), { type: "warning" });
    }

    /** Give back what no line of the order carries any more, however the line went. */
    dropLostHolds(order) {
        const carried = new Set(order.lines.map((line) => line.loyalty_hold_id));
        const lost = Object.keys(order.loyaltyHolds).filter((holdId) => !carried.has(holdId));
        if (lost.length) {
            order.forgetLoyaltyHolds(lost);
            this.release(lost, "line removed");
        }
    }

    async release(holdIds, reason) {
        const answer = await this.call("loyalty_sidecar_release", [holdIds, reason]);
        for (const holdId of holdIds) {
            if (answer.ok || answer.error === undefined) {
                this.unreleased.delete(holdId);
            } else {
                // Tried again when the sidecar is back; else the hold expires by itself.
                this.unreleased.set(holdId, reason);
            }
        }
    }

    releaseAgain() {
        if (this.unreleased.size) {
            this.release([...this.unreleased.keys()], "line removed");
        }
    }

    /** A discount larger than the goods would make the till pay the customer. */
    isDiscountTooLarge(order) {
        return (
            !order.isRefund &&
            order.lines.some((line) => line.loyalty_hold_id) &&
            order.priceIncl < 0 &&
            !order.currency.isZero(order.priceIncl)
        );
    }

    call(method, args) {
        return callTill(this.pos, method, args);
    }
}
