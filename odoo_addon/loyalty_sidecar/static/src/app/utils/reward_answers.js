import { basisOf, isProductReward } from "@loyalty_sidecar/app/utils/reward_basis";
import { isOver, NO_ROOM, note, noteOf } from "@loyalty_sidecar/app/utils/reward_due";
import { grantOf, putReward, takeOff, verdict } from "@loyalty_sidecar/app/utils/reward_lines";

const HAS_ENDED = ["hold_expired", "hold_released", "unknown_hold", "hold_of_other_order"];

/** What the service is asked for one reward, with a key of its own: {basis, isSent, draft, choice}. */
export function questionOf(sidecar, order, holdId) {
    const grant = order.loyaltyHolds[holdId];
    const points = grant.kind === "discount_per_point" ? grant.wanted : null;
    return {
        basis: basisOf(order, holdId),
        isSent: false,
        draft: sidecar.draftOf(order),
        choice: {
            idempotency_key: sidecar.newKey(),
            program: grant.program,
            reward: grant.reward,
            points: points === null ? undefined : String(points),
            replaces: isOver(grant) ? undefined : holdId,
        },
    };
}

/** Whether an answer leaves the amounts as they are. */
export function isRenewal(order, holdId, answer, question) {
    if (!answer.ok) {
        // Of a hold that has ended another is asked for; any other refusal may take the reward off.
        return Boolean(question.choice.replaces) && HAS_ENDED.includes(answer.error.kind);
    }
    const old = order.loyaltyHolds[holdId];
    const isCurrent = basisOf(order, holdId) === question.basis;
    return isCurrent && isSame(order, old, grantFor(order, old, answer.result));
}

/** What a refusal does to the reward: it stays, takes fewer points, or is taken off with a word. */
export function takeRefusal(sidecar, order, holdId, error, question) {
    const hasEnded = !question.choice.replaces;
    if (!hasEnded && HAS_ENDED.includes(error.kind)) {
        note(order, holdId, { ended: true });
        return;
    }
    if (error.kind === "hold_captured") {
        note(order, holdId, { basis: question.basis, askedAt: Date.now() });
        return;
    }
    // Fewer points than were asked for still fit: those then, until there is room for all again.
    const most = Number(error.data?.maximum_points);
    if (question.choice.points && most > 0 && most < Number(question.choice.points)) {
        const choice = { ...question.choice, idempotency_key: sidecar.newKey(), points: String(most) };
        note(order, holdId, { pending: { ...question, isSent: false, choice } });
        return;
    }
    const outcome = verdict(order, holdId);
    if (hasEnded || NO_ROOM.includes(outcome)) {
        const why = NO_ROOM.includes(outcome) ? outcome : "refused";
        sidecar.takeOffWithWord(order, [holdId], why, error.message);
        return;
    }
    // It stands as it is, and is right for what it was given for.
    note(order, holdId, { basis: question.basis, askedAt: Date.now() });
}

/** The new hold in the place of the old one, with what it takes off now. */
export function putInPlace(sidecar, order, oldId, hold, question) {
    const old = order.loyaltyHolds[oldId];
    if (basisOf(order, oldId) !== question.basis) {
        // The order has changed again: the next question replaces this one.
        const changed = { ...old, ...noteOf(hold, old.wanted), basis: "changed meanwhile" };
        rename(order, oldId, hold.hold_id, changed);
        carry(order, oldId, hold.hold_id);
        return;
    }
    if (!(old.quantity > 0) && Number(hold.add_quantity) > 0) {
        // What the cashier removed does not come back by itself.
        sidecar.release([hold.hold_id], "product removed");
        sidecar.takeOffWithWord(order, [oldId], "off");
        return;
    }
    const grant = grantFor(order, old, hold);
    if (isSame(order, old, grant)) {
        rename(order, oldId, hold.hold_id, { ...grant, lines: old.lines });
        carry(order, oldId, hold.hold_id);
    } else {
        exchangeLines(order, oldId, hold.hold_id, grant);
    }
    note(order, hold.hold_id, { basis: basisOf(order, hold.hold_id) });
}

function exchangeLines(order, oldId, newId, grant) {
    const selected = order.getSelectedOrderline()?.uuid;
    takeOff(order, oldId);
    rename(order, oldId, newId, grant);
    putReward(order, newId, grant);
    const line = order.lines.find(({ uuid }) => uuid === selected) || order.getLastOrderline();
    if (line && line.uuid !== order.getSelectedOrderline()?.uuid) {
        order.selectOrderline(line);
    }
}

function grantFor(order, old, hold) {
    const carrier = order.models["product.product"].get(old.carrier);
    const reward = { name: old.name, reward: old.reward };
    return { ...old, ...grantOf(order, hold, reward, old.program, carrier), ...noteOf(hold, old.wanted) };
}

/** The grant under its new hold, where it stood: rewards are looked at in their order. */
function rename(order, oldId, newId, grant) {
    const holds = Object.entries(order.loyaltyHolds).map(([id, each]) =>
        id === oldId ? [newId, grant] : [id, each]
    );
    order.loyalty_sidecar_data = { ...order.loyalty_sidecar_data, holds: Object.fromEntries(holds) };
}

function carry(order, oldId, newId) {
    for (const line of order.lines.filter((each) => each.loyalty_hold_id === oldId)) {
        line.loyalty_hold_id = newId;
        line.setFullProductName();
    }
}

/** Whether the lines of a reward would be the very same again. */
function isSame(order, old, grant) {
    const isZero = (amount) => order.currency.isZero(amount);
    const before = new Map(old.covers.map(({ uuid, discount }) => [uuid, discount]));
    return (
        isZero(old.discount - grant.discount) &&
        old.quantity === grant.quantity &&
        isZero(old.price - grant.price) &&
        before.size === grant.covers.length &&
        grant.covers.every(({ uuid, discount }) => before.has(uuid) && isZero(before.get(uuid) - discount)) &&
        !isProductReward(grant) === !isProductReward(old)
    );
}
