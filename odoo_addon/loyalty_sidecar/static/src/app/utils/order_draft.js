/** An amount below zero for what is taken back or off. On a refund Odoo has its lines' amounts the other way round. */
function signed(line, amount) {
    return Math.sign(line.qty * line.price_unit) * Math.abs(amount) || 0;
}

/** The id that the server knows a record by; none while the record is but this till's. */
function serverIdOf(record) {
    return typeof record?.id === "number" ? record.id : undefined;
}

/** The order as the server wants it (see pos.config._loyalty_sidecar_draft). */
export function draftOf(order) {
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

/** A text that changes exactly when there is something new to ask; "" without a customer the server knows. */
export function signatureOf(order) {
    const known = order && !order.finalized && typeof order.getPartner()?.id === "number";
    return known ? JSON.stringify(draftOf(order)) : "";
}
