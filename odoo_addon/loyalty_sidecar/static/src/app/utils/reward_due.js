import { basisOf, lacksPieces, lostLine } from "@loyalty_sidecar/app/utils/reward_basis";
import { verdict } from "@loyalty_sidecar/app/utils/reward_lines";

// A hold that ends sooner is renewed.
const RENEW_BEFORE_MS = 60000;
// Points past their end are not protected for longer by renewing: then it helps no more often than this.
const RENEW_PAUSE_MS = 45000;

/** What a reward is when the order has too little room for it. */
export const NO_ROOM = ["off", "share"];

/** What a grant keeps for the follower, of a hold just given. */
export function noteOf(hold, points) {
    const now = Date.now();
    const seconds = Number(hold.expires_in_seconds);
    return {
        wanted: points ?? null,
        covered: Number(hold.covered_quantity || 0),
        askedAt: now,
        expiresAt: Number.isFinite(seconds) ? now + seconds * 1000 : null,
        pending: undefined,
        ended: undefined,
        waits: undefined,
    };
}

/** Keep more of a grant, while the order has it. */
export function note(order, holdId, values) {
    const grant = order.loyaltyHolds[holdId];
    if (grant) {
        order.setLoyaltyHold(holdId, { ...grant, ...values });
    }
}

/** Whether a reward that no longer fits is for the follower to look after, and not to be taken off at once. */
export function looksAfter(order, holdId) {
    const grant = order.loyaltyHolds[holdId];
    return (
        isFollowed(grant) &&
        !order.isRefund &&
        !lostLine(order, holdId) &&
        !lacksPieces(order, grant)
    );
}

/** Rewards of before this existed have no code to ask with. */
function isFollowed(grant) {
    return Boolean(grant?.reward && grant.covers && grant.basis !== undefined);
}

export function isOver(grant) {
    return Boolean(grant.ended || (grant.expiresAt && grant.expiresAt <= Date.now()));
}

function hasChanged(order, holdId) {
    const grant = order.loyaltyHolds[holdId];
    if (grant.basis === basisOf(order, holdId)) {
        return false;
    }
    // An amount is never cut: it is given, or does not fit.
    return grant.kind !== "discount_amount" || NO_ROOM.includes(verdict(order, holdId));
}

function isEnding(grant) {
    if (isOver(grant)) {
        return true;
    }
    const now = Date.now();
    const soon = grant.expiresAt && grant.expiresAt - now < RENEW_BEFORE_MS;
    return Boolean(soon && now - grant.askedAt > RENEW_PAUSE_MS);
}

/**
 * Whether a reward is to be asked about now.
 *
 * @param {boolean} mayChange whether the total may change
 */
export function isDue(order, holdId, mayChange) {
    const grant = order.loyaltyHolds[holdId];
    if (!looksAfter(order, holdId)) {
        return false;
    }
    if (!mayChange && (grant.waits || hasChanged(order, holdId))) {
        return false;
    }
    return Boolean(grant.pending) || isEnding(grant) || hasChanged(order, holdId);
}
