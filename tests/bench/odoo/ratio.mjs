/**
 * Two things compared in one run: interleaved blocks, the median of their ratios and its 95 % interval.
 *
 * What comes out is one line of JSON on stdout; progress goes to stderr.
 */

export const BLOCKS = count("LOYALTY_BENCH_BLOCKS", 20);

/** A whole number of at least 1 from the environment. */
export function count(name, otherwise) {
    const text = process.env[name] || String(otherwise);
    if (!/^[1-9]\d*$/.test(text)) {
        throw new Error(`${name} is “${text}”; it is a whole number of at least 1`);
    }
    return Number(text);
}

/**
 * The median and its interval by order statistics, which asks nothing of the distribution: the interval runs from the
 * k-th smallest to the k-th largest, k being the largest with P(Binomial(n, 1/2) < k) <= 2.5 %. Of fewer than six
 * values none is that sure: the interval is then all of them.
 *
 * @param {number[]} values at least one
 * @returns {{median: number, low: number, high: number}}
 */
export function medianWithInterval(values) {
    const sorted = [...values].sort((one, other) => one - other);
    const n = sorted.length;
    let k = 0;
    let below = 0;
    let chance = 0.5 ** n;
    while (below + chance <= 0.025) {
        below += chance;
        chance *= (n - k) / (k + 1);
        k += 1;
    }
    k = Math.max(k, 1);
    return {
        median: (sorted[Math.floor((n - 1) / 2)] + sorted[Math.floor(n / 2)]) / 2,
        low: sorted[k - 1],
        high: sorted[n - k],
    };
}

export const median = (values) => medianWithInterval(values).median;

/**
 * Measure `a` and `b` in turns and print what came out.
 *
 * @param {object} comparison
 * @param {string} comparison.name
 * @param {{what: string, unit: string, measure: () => Promise<number>}} comparison.a
 * @param {{what: string, unit: string, measure: () => Promise<number>}} comparison.b
 * @param {string} comparison.must `">= 100"` or `"<= 1.1"`: what the ratio a ÷ b has to come to
 * @param {() => object} [comparison.extra] further fields of the line, asked for at the end
 */
export async function compare({ name, a, b, must, extra = () => ({}) }) {
    const [, relation, bound] = must.match(/^(>=|<=) (\d+(?:\.\d+)?)$/);
    const figures = { a: [], b: [] };
    for (let block = 0; block < BLOCKS; block += 1) {
        // The order turns with each block, so that what one leaves behind does not always fall on the other.
        for (const side of block % 2 ? "ba" : "ab") {
            figures[side].push(await { a, b }[side].measure());
        }
        const [one, other] = [figures.a[block], figures.b[block]];
        progress(`${name}, block ${block + 1} of ${BLOCKS}: ${one.toFixed(1)} / ${other.toFixed(1)} ${a.unit} = ${(one / other).toFixed(3)}`);
    }
    const { median: ratio, low, high } = medianWithInterval(figures.a.map((figure, block) => figure / figures.b[block]));
    const side = ({ what, unit }, values) => ({ what, median: rounded(median(values)), unit });
    const line = {
        name,
        a: side(a, figures.a),
        b: side(b, figures.b),
        ratio: rounded(ratio),
        low: rounded(low),
        high: rounded(high),
        blocks: BLOCKS,
        must,
        reached: relation === ">=" ? ratio >= Number(bound) : ratio <= Number(bound),
        ...extra(),
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
}

export const rounded = (value) => Math.round(value * 1000) / 1000;

export function progress(text) {
    process.stderr.write(`${text}\n`);
}
