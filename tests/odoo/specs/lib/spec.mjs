import { after, before, test } from "node:test";
import { Shop } from "./shop.mjs";

/**
 * A spec file: a shop that opens before its tests and closes after them, and a picture of every
 * till when a test fails.
 */
export function withShop(name, options = {}) {
    const holder = { shop: undefined };
    before(async () => {
        holder.shop = await Shop.open(options);
    }, { timeout: 120_000 });
    after(() => holder.shop?.close());
    holder.it = (title, body) =>
        test(title, { timeout: 240_000 }, async (context) => {
            try {
                await body(holder.shop, context);
            } catch (error) {
                await holder.shop.pictures(`${name} ${title}`.replaceAll(/[^a-z0-9]+/gi, "-"));
                throw error;
            } finally {
                for (const till of holder.shop.tills.splice(0)) {
                    await till.close();
                }
            }
        });
    return holder;
}
