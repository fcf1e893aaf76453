/**
 * Redemptions as Odoo's own loyalty does them: what its till asks when a reward is paid for.
 *
 * `validate_coupon_programs` looks whether the card has the points; then the order is saved, which is not measured here;
 * then `confirm_coupon_programs` takes the points off the card and writes the card's history. Both go over JSON-RPC.
 */
const POINTS = 100;
/** Points of a card, more than any run takes. */
const PLENTY = 1_000_000_000;
/** Orders made in one request. */
const AT_ONCE = 200;

export class OdooTills {
    /** A program, a card for each client, and a till with an open session. */
    static async open(odoo, clients) {
        const tills = new OdooTills();
        tills.odoo = odoo;
        tills.orders = [];
        tills.program = await odoo.create("loyalty.program", {
            name: "Bench",
            program_type: "loyalty",
            trigger: "auto",
            applies_on: "both",
            rule_ids: [[0, 0, { reward_point_amount: 1, reward_point_mode: "money" }]],
            reward_ids: [
                [0, 0, { reward_type: "discount", discount_mode: "per_order", discount: 5, discount_applicability: "order", required_points: POINTS }],
            ],
        });
        [tills.reward] = await odoo.searchRead(
            "loyalty.reward",
            [["program_id", "=", tills.program]],
            ["discount_line_product_id"]
        );
        // A card for each client: two at one card would wait for each other, and Odoo is to do its best.
        tills.cards = [];
        for (let client = 1; client <= clients; client += 1) {
            const partner = await odoo.create("res.partner", { name: `Client ${client}` });
            const card = await odoo.create("loyalty.card", { program_id: tills.program, partner_id: partner, points: PLENTY });
            tills.cards.push({ id: card, partner });
        }
        const [config] = await odoo.searchRead("pos.config", [["module_pos_restaurant", "=", false]], ["id"], { order: "id", limit: 1 });
        await odoo.call("pos.config", "open_ui", [[config.id]]);
        const [{ current_session_id: session }] = await odoo.call("pos.config", "read", [[config.id], ["current_session_id"]]);
        tills.session = session[0];
        [tills.product] = await odoo.call("product.product", "search", [[["available_in_pos", "=", true], ["type", "=", "consu"]]], { limit: 1 });
        return tills;
    }

    /** So many paid orders that nothing has been confirmed of: each can be redeemed on once. */
    async stock(number) {
        while (this.orders.length < number) {
            const values = Array.from({ length: AT_ONCE }, () => this.order());
            const ids = await this.odoo.call("pos.order", "create", [values]);
            this.orders.push(...ids.map((id, index) => ({ id, code: values[index].lines[1][2].reward_identifier_code })));
        }
    }

    /** What the till saves: the goods, and the reward's line. */
    order() {
        const line = (product, price, more) => [
            0,
            0,
            { product_id: product, qty: 1, price_unit: price, price_subtotal: price, price_subtotal_incl: price, ...more },
        ];
        return {
            session_id: this.session,
            state: "paid",
            amount_total: 20,
            amount_paid: 20,
            amount_tax: 0,
            amount_return: 0,
            lines: [
                line(this.product, 25, {}),
                line(this.reward.discount_line_product_id[0], -5, {
                    is_reward_line: true,
                    reward_id: this.reward.id,
                    reward_identifier_code: crypto.randomUUID(),
                    points_cost: POINTS,
                }),
            ],
        };
    }

    /**
     * Clients that redeem for a while, each at its own card.
     *
     * @returns {Promise<number>} redemptions a second
     */
    async redeem(clients, seconds) {
        const cards = this.cards.slice(0, clients);
        const before = await this.points(cards);
        const started = performance.now();
        const until = started + seconds * 1000;
        const done = await Promise.all(
            cards.map(async (card) => {
                let redemptions = 0;
                while (performance.now() < until) {
                    await this.once(card);
                    redemptions += 1;
                }
                return redemptions;
            })
        );
        const took = (performance.now() - started) / 1000;
        const after = await this.points(cards);
        cards.forEach((card, client) => {
            if (before[client] - after[client] !== POINTS * done[client]) {
                throw new Error(`card ${card.id} went from ${before[client]} to ${after[client]} in ${done[client]} redemptions of ${POINTS} points`);
            }
        });
        return done.reduce((sum, redemptions) => sum + redemptions) / took;
    }

    async once(card) {
        const order = this.orders.pop();
        if (!order) {
            throw new Error("the orders have run out: Odoo is faster than was foreseen");
        }
        const validated = await this.odoo.call("pos.order", "validate_coupon_programs", [[], { [card.id]: -POINTS }, []]);
        if (!validated.successful) {
            throw new Error(`not validated: ${JSON.stringify(validated)}`);
        }
        const confirmed = await this.odoo.call("pos.order", "confirm_coupon_programs", [
            [order.id],
            { [card.id]: { points: -POINTS, program_id: this.program, coupon_id: card.id, barcode: false, line_codes: [order.code] } },
        ]);
        if (confirmed.coupon_updates?.[0]?.id !== card.id) {
            throw new Error(`not confirmed: ${JSON.stringify(confirmed)}`);
        }
    }

    async points(cards) {
        const read = await this.odoo.call("loyalty.card", "read", [cards.map(({ id }) => id), ["points"]]);
        return cards.map(({ id }) => read.find((card) => card.id === id).points);
    }
}
