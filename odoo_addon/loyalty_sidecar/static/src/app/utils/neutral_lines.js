// Products of a till that are money on its way and no goods, each with the module that knows it.
const NEUTRAL_PRODUCTS = [
    "tip_product_id", // point_of_sale
    "settle_due_product_id", // pos_settle_due
    "settle_invoice_product_id",
    "deposit_product_id",
    "down_payment_product_id", // pos_sale
];
const VOUCHERS = ["gift_card", "ewallet"];

/**
 * Whether a line is no goods: a tip, a debt that is settled, a deposit, a down payment, a gift card or eWallet,
 * sold or paid with. No reward is for it, and it is no part of what rewards may take a share of.
 */
export function isNeutral(line) {
    const { config, models } = line.order_id;
    const product = line.product_id.id;
    return (
        // Of a product that this till has not loaded, the id alone is known.
        NEUTRAL_PRODUCTS.some((field) => product === (config[field]?.id ?? config.raw?.[field])) ||
        isVoucher(product, models["loyalty.program"]) ||
        Boolean(line.isGiftCardOrEWalletReward?.())
    );
}

/** Whether gift cards or eWallets of Odoo's are sold, topped up or paid with by this product. */
function isVoucher(product, programs) {
    return Boolean(
        programs?.some(
            (program) =>
                VOUCHERS.includes(program.program_type) &&
                (program.trigger_product_ids.some(({ id }) => id === product) ||
                    program.reward_ids.some((reward) => reward.discount_line_product_id?.id === product))
        )
    );
}
