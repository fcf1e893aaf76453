// What a print waits for figures at most; and while the service has just failed.
const WAIT_MS = 3000;
const WAIT_RESTING_MS = 1000;

/**
 * Before a receipt is printed again: the figures that could not be had when the order was paid, because
 * the service was away. Without an answer it is printed as it was. The print that Odoo starts by itself when an order
 * is paid waits for nothing: the figures were asked for a moment ago.
 */
export async function completeReceipt(pos, order) {
    const isWithout = order?.finalized && order.loyaltyReceipt === null;
    if (!isWithout || pos.loyaltySidecar.isPrintingFirst(order) || typeof order.getPartner()?.id !== "number" || pos.data.network.offline) {
        return;
    }
    const isResting = Date.now() < pos.loyaltySidecar.restUntil;
    const answer = await Promise.race([
        pos.loyaltySidecar.call("loyalty_sidecar_receipt", [order.uuid]),
        new Promise((resolve) => setTimeout(resolve, isResting ? WAIT_RESTING_MS : WAIT_MS)),
    ]);
    if (!answer?.ok || !answer.programs.length) {
        return;
    }
    // The server has kept them: this is no change of the order that it should be told.
    const wasDirty = order.isDirty();
    order.setLoyaltyReceipt(answer.programs);
    if (!wasDirty) {
        order._dirty = false;
    }
}
