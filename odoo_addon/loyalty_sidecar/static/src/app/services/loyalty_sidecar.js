import { markRaw } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { ConnectionLostError } from "@web/core/network/rpc";
import { RewardFollower } from "@loyalty_sidecar/app/services/reward_follower";
import { WouldEarn } from "@loyalty_sidecar/app/services/would_earn";
import { grantOf, putAnew, putReward, takeOff, verdict } from "@loyalty_sidecar/app/utils/reward_lines";
import { uuidv4 } from "@point_of_sale/utils";

// A change to the order is asked about once the cashier pauses, never per key.
const PAUSE_MS = 400;
// After a failure the till leaves the sidecar alone for a while: no worker of Odoo should spend
// its time waiting for a service that is down, once per scanned product.
const REST_MS = 10000;
// What the receipt may cost the cashier at most, when the figures of the last change are stale.
const RECEIPT_MS = 1500;
// What a refund did to the points is known once the sidecar has read it: when to look.
const REFUND_MS = [300, 500, 700, 1000, 1500, 2000, 3000];

// Figures older than this are asked for anew, and how often that is looked at.
const FIGURES_MS = 60000;
const LOOK_MS = 15000;

/** An amount below zero for what is taken back or off. On a refund Odoo has its lines' amounts the other way round. */
function signed(line, amount) {
    return Math.sign(line.qty * line.price_unit) * Math.abs(amount) || 0;
}

/** The id that the server knows a record by; none while the record is but this till's. */
function serverIdOf(record) {
    return typeof record?.id === "number" ? record.id : undefined;
}

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

    /** The order as the server wants it (see pos.config._loyalty_sidecar_draft). */
    draftOf(order) {
        return {
            uuid: order.uuid,
            partner_id: order.getPartner()?.id,
            lines: order.lines.map((line) => ({
                uuid: line.uuid,
                product_id: line.product_id.id,
                qty: line.qty,
                price_subtotal: signed(line, line.priceExcl),
                price_subtotal_incl: signed(line, line.priceIncl),
                hold_id: line.loyalty_hold_id || undefined,
                refunded_line_id: serverIdOf(line.refunded_orderline_id),
                combo_parent_uuid: line.combo_parent_id?.uuid,
            })),
        };
    }

    /** Changes exactly when there is something new to ask. */
    signatureOf(order) {
        const known = order && !order.finalized && typeof order.getPartner()?.id === "number";
        return known ? JSON.stringify(this.draftOf(order)) : "";
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

    /**
     * Reserve the points of a reward and put its discount on the order.
     *
     * @returns {Promise<{ok: boolean, message?: string, retry?: boolean}>}
     */
    redeem(order, press) {
        return this.follower.undisturbed(order, () => this.reserve(order, press));
    }

    async reserve(order, { key, program, reward, points }) {
        const asked = this.signatureOf(order);
        const answer = await this.call("loyalty_sidecar_hold", [
            this.draftOf(order),
            { idempotency_key: key, program: program.program, reward: reward.reward, points },
        ]);
        if (!answer.ok) {
            const retry = ["offline", "unreachable", "timeout", "unavailable"].includes(
                answer.error.kind
            );
            return { ok: false, message: answer.error.message, retry };
        }
        const hold = answer.result;
        const giveBack = (message, reason) => {
            this.release([hold.hold_id], reason);
            return { ok: false, message };
        };
        let rewardProduct, product;
        try {
            rewardProduct = await this.loadProduct(answer.line_product_id);
            product = Number(hold.add_quantity) ? await this.loadProduct(hold.product_id) : null;
        } catch (error) {
            this.release([hold.hold_id], "line could not be added");
            throw error;
        }
        if (!rewardProduct || (product !== null && !this.isSellable(product))) {
            return giveBack(
                _t("The product of this reward is not available at this till. The points were given back."),
                "product not available"
            );
        }
        // The answers took their time: the order may have been paid, cancelled or given to another, or
        // be no longer what the discount was computed for. Of any of these the signature speaks.
        const current = this.pos.models["pos.order"].getBy("uuid", order.uuid);
        if (!asked || this.signatureOf(current) !== asked) {
            return giveBack(
                _t("The order changed meanwhile. The points were given back."),
                "order changed"
            );
        }
        try {
            const grant = grantOf(current, hold, reward, program.program, rewardProduct);
            grant.pointsName = program.points_name;
            const lines = putReward(current, hold.hold_id, grant);
            this.follower.begin(current, hold.hold_id, hold, points);
            current.selectOrderline(lines[0]);
            this.pos.numberBuffer.reset();
        } catch (error) {
            takeOff(current, hold.hold_id);
            current.forgetLoyaltyHolds([hold.hold_id]);
            this.release([hold.hold_id], "line could not be added");
            throw error;
        }
        return { ok: true };
    }

    /** A product, also when this till has not loaded it: it sells but some of many, or opened before. */
    async loadProduct(productId) {
        const products = this.pos.models["product.product"];
        if (!products.get(productId)) {
            await this.pos.loadNewProducts([["product_variant_ids", "in", [productId]]]);
        }
        return products.get(productId);
    }

    /** A combo cannot be given: what is in it is the customer's choice. */
    isSellable(product) {
        return Boolean(product) && product.product_tmpl_id.type !== "combo";
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
        this.pos.notification.add(this.wordsFor(why, names, reason), { type: "warning" });
    }

    wordsFor(why, names, reason) {
        if (why === "share") {
            return _t(
                "Taken off, because points may pay only a part of an order, and this order is too small for it: %s. The points are free again.",
                names
            );
        }
        if (why === "over") {
            return _t(
                "Taken off, because its reservation has ended and cannot be renewed now: %s. Redeem again when the loyalty service answers.",
                names
            );
        }
        if (why === "refused") {
            return _t("Taken off: %(names)s. %(reason)s", { names, reason });
        }
        return _t(
            "Taken off, because the order no longer has what it was given for: %s. The points are free again.",
            names
        );
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

    /**
     * Before payment: keep on the order what its receipt shall say. The figures are those of the
     * last quote; if that is stale, one more is asked for, and the sale waits for it but shortly.
     */
    async prepareReceipt(order) {
        this.wouldEarn.prepareReceipt(order);
        if (typeof order.getPartner()?.id !== "number") {
            return;
        }
        if (order.isRefund) {
            // What it takes back is for the sidecar to find, once it has read the order.
            order.setLoyaltyReceipt(null);
            return;
        }
        // A quick payment comes here without the payment screen.
        this.watchRewards(order);
        let known = this.of(order);
        if (known?.status !== "ready" || known.signature !== this.signatureOf(order)) {
            const resting = known?.status === "failed" && Date.now() < this.restUntil;
            if (!resting) {
                await Promise.race([
                    this.refresh(order),
                    new Promise((resolve) => setTimeout(resolve, RECEIPT_MS)),
                ]);
                known = this.of(order);
            }
        }
        if (known?.kind === "not_configured") {
            return;
        }
        const ready = known?.status === "ready" && known.signature === this.signatureOf(order);
        this.wouldEarn.prepareReceipt(order);
        order.setLoyaltyReceipt(
            ready ? known.programs.map((program) => this.receiptOf(order, program)) : null
        );
    }

    /** After the payment of a refund: its receipt says what became of the points once that is booked. */
    async completeRefundReceipt(order) {
        if (!order.isRefund || order.loyaltyReceipt !== null) {
            return;
        }
        for (const pause of REFUND_MS) {
            await new Promise((resolve) => setTimeout(resolve, pause));
            const answer = await this.call("loyalty_sidecar_refunded", [this.draftOf(order)]);
            if (!answer.ok) {
                return;
            }
            if (answer.programs.length) {
                order.setLoyaltyReceipt(answer.programs);
                return;
            }
        }
    }

    receiptOf(order, program) {
        return {
            program: program.program,
            name: program.name,
            points_name: program.points_name,
            earned: program.earns || "0",
            redeemed: order.redeemedPoints(program.program),
            total: program.balance_after ?? program.balance,
        };
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

    /** Call a method of this till's pos.config; failing is a value, as the server's own are. */
    async call(method, args) {
        try {
            return await this.pos.data.call("pos.config", method, [[this.pos.config.id], ...args]);
        } catch (error) {
            if (error instanceof ConnectionLostError) {
                return {
                    ok: false,
                    error: {
                        kind: "offline",
                        message: _t(
                            "The till is offline. Selling works; points can be redeemed when it is online again."
                        ),
                    },
                };
            }
            return {
                ok: false,
                error: {
                    kind: "refused",
                    message: error.data?.message || _t("The loyalty points could not be read."),
                },
            };
        }
    }
}
