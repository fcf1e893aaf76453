import { MAY_TRY_AGAIN } from "@loyalty_sidecar/app/services/till_calls";
import { grantOf, putReward, takeOff } from "@loyalty_sidecar/app/utils/reward_lines";
import { _t } from "@web/core/l10n/translation";

/**
 * Reserve the points of a reward and put its discount on the order.
 *
 * @param {{key: string, program: Object, reward: Object, points?: string}} press of the button, with its key
 * @returns {Promise<{ok: boolean, message?: string, retry?: boolean}>}
 */
export async function reserve(sidecar, order, press) {
    const asked = sidecar.signatureOf(order);
    const answer = await sidecar.call("loyalty_sidecar_hold", [sidecar.draftOf(order), choiceOf(press)]);
    if (!answer.ok) {
        const retry = MAY_TRY_AGAIN.includes(answer.error.kind);
        return { ok: false, message: answer.error.message, retry };
    }
    const hold = answer.result;
    const giveBack = (message, reason) => {
        sidecar.release([hold.hold_id], reason);
        return { ok: false, message };
    };
    let rewardProduct, product;
    try {
        rewardProduct = await loadProduct(sidecar.pos, answer.line_product_id);
        product = Number(hold.add_quantity) ? await loadProduct(sidecar.pos, hold.product_id) : null;
    } catch (error) {
        sidecar.release([hold.hold_id], "line could not be added");
        throw error;
    }
    if (!rewardProduct || (product !== null && !isSellable(product))) {
        return giveBack(
            _t("The product of this reward is not available at this till. The points were given back."),
            "product not available"
        );
    }
    // The answers took their time: the order may have been paid, cancelled or given to another, or
    // be no longer what the discount was computed for. Of any of these the signature speaks.
    const current = sidecar.pos.models["pos.order"].getBy("uuid", order.uuid);
    if (!asked || sidecar.signatureOf(current) !== asked) {
        return giveBack(
            _t("The order changed meanwhile. The points were given back."),
            "order changed"
        );
    }
    putOnOrder(sidecar, current, hold, press, rewardProduct);
    return { ok: true };
}

function choiceOf({ key, program, reward, points }) {
    return { idempotency_key: key, program: program.program, reward: reward.reward, points };
}

function putOnOrder(sidecar, order, hold, { program, reward, points }, rewardProduct) {
    try {
        const grant = grantOf(order, hold, reward, program.program, rewardProduct);
        grant.pointsName = program.points_name;
        const lines = putReward(order, hold.hold_id, grant);
        sidecar.follower.begin(order, hold.hold_id, hold, points);
        order.selectOrderline(lines[0]);
        sidecar.pos.numberBuffer.reset();
    } catch (error) {
        takeOff(order, hold.hold_id);
        order.forgetLoyaltyHolds([hold.hold_id]);
        sidecar.release([hold.hold_id], "line could not be added");
        throw error;
    }
}

/** A product, also when this till has not loaded it: it sells but some of many, or opened before. */
async function loadProduct(pos, productId) {
    const products = pos.models["product.product"];
    if (!products.get(productId)) {
        await pos.loadNewProducts([["product_variant_ids", "in", [productId]]]);
    }
    return products.get(productId);
}

/** A combo cannot be given: what is in it is the customer's choice. */
function isSellable(product) {
    return Boolean(product) && product.product_tmpl_id.type !== "combo";
}
