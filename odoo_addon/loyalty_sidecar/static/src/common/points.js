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

/** Whether there is anything to show. Templates know neither Number nor Boolean of the language. */
export function hasPoints(points) {
    return Number(points) !== 0 && !Number.isNaN(Number(points));
}
