import { localization } from "@web/core/l10n/localization";
import { _t } from "@web/core/l10n/translation";
import { formatFloat } from "@web/core/utils/numbers";

/**
 * Points arrive as decimal strings of at most two digits. Shown in the user's notation, without
 * digits that say nothing: "1200.00" is "1,200", "0.50" is "0.5".
 *
 * @param {string} points
 */
export function formatPoints(points) {
    return formatFloat(Number(points) || 0, { digits: [16, 2], trailingZeros: false });
}

/**
 * Points with the program's own name for them: "1 star", "1,200 stars".
 *
 * @param {string} points
 * @param {string} pointsName the program's, in the plural
 */
export function pointsInWords(points, pointsName) {
    return `${formatPoints(points)} ${nameOfPoints(points, pointsName)}`;
}

/**
 * The program's name for so many points, in the singular where the user's language wants it.
 *
 * @param {string} points
 * @param {string} pointsName the program's, in the plural
 */
export function nameOfPoints(points, pointsName) {
    const one = isSingular(points);
    if (!pointsName || pointsName === "points") {
        return one ? _t("point") : _t("points");
    }
    return one ? singular(pointsName) : pointsName;
}

function isSingular(points) {
    const language = (localization.code || "en_US").split("@")[0].replaceAll("_", "-");
    try {
        return new Intl.PluralRules(language).select(Math.abs(Number(points) || 0)) === "one";
    } catch {
        // A language the browser does not know.
        return Math.abs(Number(points)) === 1;
    }
}

/** A program names its points in the plural alone: "stars", "points fidélité". The server says the same (numbers.py). */
function singular(name) {
    const words = name.split(" ");
    for (const place of [words.length - 1, 0]) {
        if (words[place].length > 2 && /s$/.test(words[place]) && !/(ss|us|is)$/.test(words[place])) {
            words[place] = words[place].slice(0, -1);
            return words.join(" ");
        }
    }
    return name;
}

/** Whether there is anything to show. Templates know neither Number nor Boolean of the language. */
export function hasPoints(points) {
    return Number(points) !== 0 && !Number.isNaN(Number(points));
}

/**
 * What an order takes back, with its sign as the customer sees it: points lost are "−10". A returned reward gives points
 * back, which makes the number negative: "+90".
 *
 * @param {string} points as the quote's `takes_back`
 */
export function formatTakenBack(points) {
    return gives(points) ? `+${formatPoints(-points)}` : `−${formatPoints(points)}`;
}

/** Whether what an order takes back is in the customer's favour. */
export function gives(points) {
    return Number(points) < 0;
}

/**
 * The sum that leads from a customer's points to those after the order, as the sidecar answered both: what the order
 * spends, whether there is anything to add or take away, and what other orders keep meanwhile.
 *
 * @param {{balance: string, held: string, earns: string, takes_back: string, balance_after: string}} program
 */
export function sumOf(program) {
    const e2 = (points) => Math.round(Number(points || 0) * 100);
    const spends = e2(program.balance) + e2(program.earns) - e2(program.takes_back) - e2(program.balance_after);
    return {
        spends: spends / 100,
        elsewhere: Math.max(e2(program.held) - spends, 0) / 100,
        hasTerms: Boolean(spends || e2(program.earns) || e2(program.takes_back)),
    };
}

/**
 * What so many points take off, as the sidecar computes it: exactly, and rounded down to the currency.
 *
 * @param {number} points with two decimals at most
 * @param {string} rate money for one point
 * @param {number} decimals of the currency
 */
export function discountOf(points, rate, decimals) {
    const [whole, fraction = ""] = rate.split(".");
    const scaled = BigInt(Math.round(points * 100)) * BigInt(whole + fraction);
    const units = (scaled * 10n ** BigInt(decimals)) / (100n * 10n ** BigInt(fraction.length));
    return Number(units) / 10 ** decimals;
}
