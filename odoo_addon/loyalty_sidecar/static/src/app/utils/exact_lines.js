import { accountTaxHelpers } from "@account/helpers/account_tax";
import { uuidv4 } from "@point_of_sale/utils";

// A net price has a range in which the total with tax rounds to the same cent. Its middle is tried
// first, then what lies around it, in tenths of a cent.
const NUDGES = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6].map((tenths) => tenths / 10);
// How many cents may stand on a line without tax before we settle for the lines alone being exact.
const MAX_SPARE = 2;
// How many ways are tried with as many cents on it. The first is right unless Odoo rounds over the order.
const TRIES = 150;

/**
 * Lines whose totals with tax are to the cent what was asked for, with taxes that are right.
 *
 * A line's total is its net price and each tax, rounded one by one. So with taxes on top of the price
 * there are totals that no price gives: at 20 %, 4.94 and 4.96 exist, 4.95 does not. Such a cent goes to
 * the largest line if that can take it, else to another that has room, and else stands on a line of its
 * own without tax. And Odoo may round per tax over the whole order instead of per line, so the order's
 * total is measured as well.
 *
 * @param {PosOrder} order as it is without these lines
 * @param {{product, taxes: Array, qty: number, amount: number, room?: number}[]} parts amounts with tax, all
 *  of one sign; `room` is how much more the goods of a part could bear
 * @param {ProductProduct} spareProduct what the line without tax is of
 * @returns {{product, taxes: Array, qty: number, price_unit: number}[]}
 */
export function exactLines(order, parts, spareProduct) {
    const cent = order.currency.rounding;
    const wanted = parts.filter(({ amount }) => !order.currency.isZero(amount));
    // Goods that cost nothing have no total to hit.
    const free = parts
        .filter(({ amount }) => order.currency.isZero(amount))
        .map((part) => ({ ...part, price_unit: 0 }));
    if (!wanted.length) {
        return free;
    }
    const unit = Math.sign(wanted[0].amount) * cent;
    const inCents = wanted
        .map((part) => ({ ...part, cents: Math.round(part.amount / unit) }))
        .sort((a, b) => b.cents - a.cents);
    const total = inCents.reduce((sum, { cents }) => sum + cents, 0) * unit;
    const before = totalOf(order, []);
    let settled = null;
    let tries = 0;
    for (let spare = 0; spare <= MAX_SPARE; spare++) {
        for (const lines of attempts(order, inCents, spare, unit, spareProduct)) {
            const beyond = (totalOf(order, [...free, ...lines]) - before - total) / unit;
            if (Math.round(beyond) === 0) {
                return [...free, ...lines];
            }
            // Rather a cent less on the whole order than one more than was granted.
            if (!settled || (settled.beyond > 0 && beyond < 0)) {
                settled = { lines, beyond };
            }
            if (++tries % TRIES === 0) {
                break;
            }
        }
    }
    return [...free, ...(settled?.lines || [untaxed(spareProduct, total)])];
}

/** Each way to make the lines with so many cents on the line without tax; exact line by line. */
function* attempts(order, parts, spare, unit, spareProduct) {
    const rest = spare ? [untaxed(spareProduct, spare * unit)] : [];
    const [largest, ...others] = parts;
    // The cent that the largest cannot take: nobody's, or one of the others' that has room for it.
    for (const taker of [null, ...(spare ? [] : others.filter(({ room }) => room > 0))]) {
        let left = -spare - (taker ? 1 : 0);
        const choices = [];
        for (const part of others) {
            const cents = part.cents + (part === taker ? 1 : 0);
            let priced = pricedLines(order, part, cents * unit);
            if (!priced.length) {
                left += 1;
                priced = pricedLines(order, part, (cents - 1) * unit);
            }
            if (!priced.length && cents > 1) {
                // No price near it at all: taxes that are no share of the price. Better untaxed than wrong.
                left -= 1;
                priced = [untaxed(spareProduct, cents * unit)];
            }
            if (priced.length) {
                choices.push(extremes(priced));
            }
        }
        const cents = largest.cents + left;
        const own =
            cents > 0
                ? pricedLines(order, largest, cents * unit)
                : [untaxed(spareProduct, (cents + spare) * unit)];
        for (const lines of combinations([...choices, own])) {
            yield cents > 0 ? [...lines.reverse(), ...rest] : lines;
        }
    }
}

/** The most natural price and the outermost two: those between shift the order's total no further. */
function extremes(priced) {
    return [...new Set([priced[0], ...priced.slice(-2)])];
}

/** One of each, the last list's varying fastest. */
function* combinations([first, ...others]) {
    if (!first) {
        yield [];
        return;
    }
    for (const one of first) {
        for (const more of combinations(others)) {
            yield [one, ...more];
        }
    }
}

function untaxed(product, amount) {
    return { product, taxes: [], qty: 1, price_unit: amount };
}

/** The line at each unit price at which its total with tax is the amount, the most natural one first. */
export function pricedLines(order, part, amount) {
    if (order.currency.isZero(amount)) {
        return [];
    }
    let price = amount / part.qty;
    // The total is proportional to the price, so this is there after one step; the others are for the
    // last digits.
    for (let step = 0; step < 3; step++) {
        const raw = rawTotal(order, { ...part, price_unit: price });
        if (!raw || Math.abs(raw - amount) < 1e-9) {
            break;
        }
        price *= amount / raw;
    }
    return NUDGES.map((nudge) => ({
        ...part,
        price_unit: price + (nudge * order.currency.rounding) / part.qty,
    })).filter((line) => order.currency.isZero(lineTotal(order, line) - amount));
}

/** A line that might be: as much of a line as Odoo's computation of an order wants. */
function trial(order, { product, taxes, qty, price_unit }) {
    const record = { uuid: uuidv4(), qty, price_unit };
    record.getBaseLine = (options = {}) =>
        accountTaxHelpers.prepare_base_line_for_taxes_computation(record, {
            currency_id: order.currency,
            product_id: product,
            product_uom_id: product.uom_id,
            quantity: qty,
            price_unit,
            discount: 0,
            tax_ids: order.fiscal_position_id
                ? order.fiscal_position_id.getTaxesAfterFiscalPosition(taxes)
                : taxes,
            rate: 1,
            is_refund: qty * price_unit < 0,
            ...options,
        });
    return record;
}

function rawTotal(order, line) {
    const baseLine = trial(order, line).getBaseLine();
    accountTaxHelpers.add_tax_details_in_base_line(baseLine, order.company, {
        rounding_method: "round_globally",
    });
    return baseLine.tax_details.raw_total_included_currency;
}

/** As Odoo computes the total that it writes on the line. */
function lineTotal(order, line) {
    const baseLines = [trial(order, line).getBaseLine()];
    accountTaxHelpers.add_tax_details_in_base_lines(baseLines, order.company);
    accountTaxHelpers.round_base_lines_tax_details(baseLines, order.company);
    return order.currency.round(baseLines[0].tax_details.total_included);
}

/** The order's total with these lines. */
function totalOf(order, lines) {
    const all = [...order.lines, ...lines.map((line) => trial(order, line))];
    return all.length
        ? order.getPriceWithOptions({ lines: all }).taxDetails.total_amount_no_rounding
        : 0;
}
