import assert from "node:assert/strict";
import { PROGRAM } from "./lib/sidecar.mjs";
import { withShop } from "./lib/spec.mjs";

// A phone, two tablets and a laptop. Odoo has a layout of its own below 992.
const SIZES = [[390, 844], [1024, 768], [1180, 820], [1366, 768]];
const LANGUAGES = { en_US: "Redeem", fr_FR: "Utiliser" };
// Some of what is behind the ⋮.
const MORE = {
    shop: { en_US: ["Refund", "Cancel Order"], fr_FR: ["Remboursement", "Annuler la commande"] },
    restaurant: {
        en_US: ["Refund", "Cancel Order", "Split", "Transfer / Merge", "Guests", "Discount"],
        fr_FR: ["Remboursement", "Annuler la commande", "Fractionner", "Transférer / Fusionner", "Convives", "Remise"],
    },
};
const VIP = {
    ...PROGRAM,
    code: "vip",
    name: "The Grand Circle of Friends of the House and its Garden",
    points_name: "stars of gratitude",
};

const { it } = withShop("layout", {
    program: async (shop) => {
        await shop.restaurant();
        return PROGRAM;
    },
});

/**
 * Odoo's own controls beside an order, as they are and as they would be without the addon: its elements
 * are taken out of the page, the same controls are measured again, and the elements are put back.
 */
function measure(page) {
    return page.evaluate(() => {
        const own = ".loyalty-sidecar-panel, .loyalty-sidecar-redeem";
        const controls = () =>
            [...document.querySelectorAll(".product-screen .leftpane .pads button, .product-screen .switchpane button")]
                .filter((button) => !button.closest(own) && button.getClientRects().length)
                .map((button) => {
                    const { x, y, width, height } = button.getBoundingClientRect();
                    const top = document.elementFromPoint(x + width / 2, y + height / 2);
                    const name = button.innerText.trim() || button.className;
                    return {
                        name,
                        box: [x, y, width, height].map(Math.round),
                        reachable: Boolean(top && (button === top || button.contains(top))),
                        whole: [button, ...button.children].every((each) => each.scrollWidth <= each.clientWidth + 1),
                    };
                });
        const withAddon = controls();
        const placeholders = [...document.querySelectorAll(own)].map((element) => {
            const placeholder = document.createComment("");
            element.replaceWith(placeholder);
            return [placeholder, element];
        });
        const without = controls();
        placeholders.reverse().forEach(([placeholder, element]) => placeholder.replaceWith(element));
        return { withAddon, without };
    });
}

/** Our button: where it is and whether a finger meets it. */
function redeemButton(page) {
    return page.evaluate(() => {
        const [button, ...others] = [...document.querySelectorAll(".loyalty-sidecar-redeem")].filter((each) => each.getClientRects().length);
        const { x, y, width, height, right } = button.getBoundingClientRect();
        const top = document.elementFromPoint(x + width / 2, y + height / 2);
        return {
            others: others.length,
            inPanel: Boolean(button.closest(".loyalty-sidecar-panel")),
            reachable: button === top || button.contains(top),
            name: button.getAttribute("aria-label") || button.innerText.trim(),
            width,
            height,
            isInside: right <= (document.querySelector(".product-screen .leftpane")?.getBoundingClientRect().right ?? innerWidth),
        };
    });
}

async function resize(till, [width, height]) {
    await till.page.setViewportSize({ width, height });
    await till.page.waitForTimeout(400);
    const cart = till.page.locator(".product-screen .review-button");
    if (await cart.isVisible()) {
        await cart.click();
        await till.page.waitForSelector(".product-screen .leftpane");
    }
}

async function looksAsOdooMadeIt(shop, till, label, word) {
    for (const size of SIZES) {
        await resize(till, size);
        await shop.picture(till.page, `layout-${label}-${size[0]}`);
        const { withAddon, without } = await measure(till.page);
        const at = `${label} at ${size[0]}`;
        assert.ok(without.length > 2, `${at}: Odoo's controls are there`);
        assert.deepEqual(withAddon, without, `${at}: each control of Odoo's keeps its name and its place`);
        const redeem = await redeemButton(till.page);
        assert.ok(redeem.inPanel && redeem.reachable && redeem.isInside && !redeem.others, `${at}: Redeem is in the panel: ${JSON.stringify(redeem)}`);
        assert.ok(redeem.height >= 36 && redeem.width >= 36, `${at}: Redeem is large enough for a finger: ${JSON.stringify(redeem)}`);
        assert.equal(redeem.name, word, at);
    }
}

/** What stands behind the ⋮ can be pressed. */
async function hasAllOfMore(till, wanted) {
    for (const size of SIZES) {
        await resize(till, size);
        await till.page.locator(".control-buttons .more-btn:visible, .mobile-more-button:visible").first().click({ timeout: 5_000 });
        await till.page.waitForSelector(".modal .control-buttons-modal");
        const names = await till.page.locator(".modal .control-buttons-modal button").allInnerTexts();
        for (const name of wanted) {
            assert.ok(names.some((each) => each.includes(name)), `${name} among ${names} at ${size[0]}`);
        }
        await till.page.keyboard.press("Escape");
        await till.page.waitForSelector(".modal", { state: "detached" });
    }
}

for (const [language, word] of Object.entries(LANGUAGES)) {
    for (const kind of ["shop", "restaurant"]) {
        it(`leaves Odoo's controls where they are: ${kind}, ${language}`, async (shop, context) => {
            const config = kind === "shop" ? shop.configs[0] : await shop.restaurant();
            if (!config) {
                return context.skip("no restaurant in this Odoo");
            }
            await shop.sidecar.rpc("program.put", { program: VIP }, "admin");
            const customer = await shop.customer("Alexandrina Bartholomew-Cunningham", 1234);
            await shop.speak(language);
            try {
                const till = await shop.till(config, { viewport: { width: 1366, height: 768 } });
                await looksAsOdooMadeIt(shop, till, `${kind}-${language}-empty`, word);
                await resize(till, [1366, 768]);
                await till.addProduct("Reading Lamp");
                await looksAsOdooMadeIt(shop, till, `${kind}-${language}-nobody`, word);
                await resize(till, [1366, 768]);
                await till.chooseCustomer(customer.name);
                await till.panel.locator("[data-program=vip]").waitFor();
                await looksAsOdooMadeIt(shop, till, `${kind}-${language}-customer`, word);
                await hasAllOfMore(till, MORE[kind][language]);
            } finally {
                await shop.speak("en_US");
            }
        });
    }
}
