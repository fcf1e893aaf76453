// What the receipt may cost the cashier at most, when the figures of the last change are stale.
const RECEIPT_MS = 1500;
// What a refund did to the points is known once the sidecar has read it: when to look.
const REFUND_MS = [300, 500, 700, 1000, 1500, 2000, 3000];

/**
 * Before payment: keep on the order what its receipt shall say. The figures are those of the
 * last quote; if that is stale, one more is asked for, and the sale waits for it but shortly.
 */
export async function prepareReceipt(sidecar, order) {
    sidecar.wouldEarn.prepareReceipt(order);
    if (typeof order.getPartner()?.id !== "number") {
        return;
    }
    if (order.isRefund) {
        // What it takes back is for the sidecar to find, once it has read the order.
        order.setLoyaltyReceipt(null);
        return;
    }
    // A quick payment comes here without the payment screen.
    sidecar.watchRewards(order);
    let known = sidecar.of(order);
    if (!isCurrent(sidecar, order, known)) {
        const resting = known?.status === "failed" && Date.now() < sidecar.restUntil;
        if (!resting) {
            await Promise.race([
                sidecar.refresh(order),
                new Promise((resolve) => setTimeout(resolve, RECEIPT_MS)),
            ]);
            known = sidecar.of(order);
        }
    }
    if (known?.kind === "not_configured") {
        return;
    }
    sidecar.wouldEarn.prepareReceipt(order);
    order.setLoyaltyReceipt(
        isCurrent(sidecar, order, known)
            ? known.programs.map((program) => receiptOf(order, program))
            : null
    );
}

/** After the payment of a refund: its receipt says what became of the points once that is booked. */
export async function completeRefundReceipt(sidecar, order) {
    if (!order.isRefund || order.loyaltyReceipt !== null) {
        return;
    }
    for (const pause of REFUND_MS) {
        await new Promise((resolve) => setTimeout(resolve, pause));
        const answer = await sidecar.call("loyalty_sidecar_refunded", [sidecar.draftOf(order)]);
        if (!answer.ok) {
            return;
        }
        if (answer.programs.length) {
            order.setLoyaltyReceipt(answer.programs);
            return;
        }
    }
}

function isCurrent(sidecar, order, known) {
    return known?.status === "ready" && known.signature === sidecar.signatureOf(order);
}

function receiptOf(order, program) {
    return {
        program: program.program,
        name: program.name,
        points_name: program.points_name,
        earned: program.earns || "0",
        redeemed: order.redeemedPoints(program.program),
        total: program.balance_after ?? program.balance,
    };
}
