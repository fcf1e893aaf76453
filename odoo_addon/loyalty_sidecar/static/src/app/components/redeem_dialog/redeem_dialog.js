import { Component, onWillStart, useState } from "@odoo/owl";
import { discountOf, formatPoints, hasPoints, pointsInWords } from "@loyalty_sidecar/common/points";
import { usePos } from "@point_of_sale/app/hooks/pos_hook";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { parseFloat } from "@web/views/fields/parsers";

// Reasons that end once the customer has more points.
const OF_POINTS = ["insufficient_points", "below_minimum"];

/** The rewards of the customer's programs: those that can be had, and folded below them the others with what lacks. */
export class RedeemDialog extends Component {
    static template = "loyalty_sidecar.RedeemDialog";
    static components = { Dialog };
    static props = {
        orderUuid: String,
        close: Function,
    };

    setup() {
        this.pos = usePos();
        this.formatPoints = formatPoints;
        this.pointsInWords = pointsInWords;
        this.hasPoints = hasPoints;
        // `typed` are the points wanted of rewards by the point; untouched, they take the maximum.
        this.state = useState({ status: "loading", message: "", busy: "", again: null, typed: {}, unfolded: {} });
        // Not awaited: the dialog opens at once and fills when the sidecar has answered.
        onWillStart(() => {
            this.load();
        });
    }

    get order() {
        return this.pos.models["pos.order"].getBy("uuid", this.props.orderUuid);
    }

    get programs() {
        return this.pos.loyaltySidecar.of(this.order)?.programs || [];
    }

    get hasRewards() {
        return this.programs.some((program) => program.rewards.length);
    }

    withinReach(program) {
        return program.rewards.filter((reward) => reward.applicable);
    }

    outOfReach(program) {
        return program.rewards.filter((reward) => !reward.applicable);
    }

    /** Those out of reach are open while there is nothing else to choose of. */
    isUnfolded(program) {
        return this.state.unfolded[program.program] ?? !this.withinReach(program).length;
    }

    /** The points that lack for a reward, where points are what lacks. */
    missingPoints(program, reward) {
        if (!OF_POINTS.includes(reward.reason)) {
            return 0;
        }
        const required = Math.max(Number(reward.points) || 0, Number(reward.minimum_points) || 0);
        return Math.max(required - Number(program.available), 0);
    }

    toggle(program) {
        this.state.unfolded[program.program] = !this.isUnfolded(program);
    }

    async load() {
        this.state.status = "loading";
        this.state.message = "";
        this.state.again = null;
        const known = await this.pos.loyaltySidecar.refresh(this.order);
        this.state.status = known?.status || "failed";
        this.state.message = known ? known.message : _t("The order changed meanwhile.");
    }

    formatMoney(amount) {
        return this.env.utils.formatCurrency(Number(amount));
    }

    keyOf(reward) {
        return `${reward.program}/${reward.reward}`;
    }

    typedText(reward) {
        return this.state.typed[this.keyOf(reward)] || "";
    }

    /** The points the cashier typed, NaN if that is no number; null while nothing is typed. */
    typedPoints(reward) {
        const text = this.typedText(reward);
        if (!text) {
            return null;
        }
        try {
            return parseFloat(text);
        } catch {
            return NaN;
        }
    }

    /** What is wrong with the points typed, in words; "" if nothing is. */
    problemOf(reward) {
        const points = this.typedPoints(reward);
        if (points === null) {
            return "";
        }
        if (!Number.isFinite(points)) {
            return _t("“%s” is not a number.", this.typedText(reward));
        }
        if (Math.abs(points * 100 - Math.round(points * 100)) > 1e-6) {
            return _t("Points have two decimals at most.");
        }
        const minimum = Number(reward.minimum_points) || 0;
        if (points <= 0 || points < minimum) {
            return minimum
                ? _t("%s points at least.", formatPoints(reward.minimum_points))
                : _t("Enter more than zero points.");
        }
        if (points > Number(reward.points)) {
            return _t("%s points at most.", formatPoints(reward.points));
        }
        if (!this.discountOf(reward)) {
            return _t("That is too few points to take anything off.");
        }
        return "";
    }

    pointsOf(reward) {
        const points = this.typedPoints(reward);
        return Number.isFinite(points) && points !== null ? points : reward.points;
    }

    discountOf(reward) {
        const points = this.typedPoints(reward);
        return Number.isFinite(points) && points !== null
            ? discountOf(points, reward.rate, this.order.currency.decimal_places)
            : Number(reward.discount);
    }

    /** What a reward that is a product does to the order. */
    givesText(reward) {
        if (!reward.product_name) {
            return "";
        }
        const values = {
            quantity: formatPoints(reward.add_quantity),
            product: reward.product_name,
            price: this.formatMoney(reward.price || 0),
        };
        const isFree = reward.kind === "free_product";
        const sentences = [];
        if (hasPoints(reward.discount)) {
            sentences.push(
                isFree
                    ? _t("%(product)s on the order becomes free.", values)
                    : _t("%(product)s on the order for %(price)s.", values)
            );
        }
        if (hasPoints(reward.add_quantity || 0)) {
            sentences.push(
                isFree
                    ? _t("Adds %(quantity)s × %(product)s for free.", values)
                    : _t("Adds %(quantity)s × %(product)s for %(price)s each.", values)
            );
        }
        return sentences.join(" ") || reward.product_name;
    }

    press(program, reward) {
        const points = this.typedPoints(reward);
        return this.redeem({
            key: this.pos.loyaltySidecar.newKey(),
            program,
            reward,
            points: points === null ? undefined : String(points),
        });
    }

    /** Enter in the field of the points is the press of its reward's button. */
    onKeydown(program, reward, event) {
        if (event.key !== "Enter") {
            return;
        }
        // Nobody else's: beside the dialog, Enter is the till's.
        event.preventDefault();
        event.stopPropagation();
        this.type(reward, event);
        if (!this.problemOf(reward)) {
            this.press(program, reward);
        }
    }

    type(reward, event) {
        this.state.typed[this.keyOf(reward)] = event.target.value.trim();
    }

    /** Also the "Try again" of an unanswered press: with its key, so that it reserves once. */
    async redeem(press) {
        if (this.state.busy) {
            return;
        }
        this.state.busy = `${press.program.program}/${press.reward.reward}`;
        this.state.message = "";
        this.state.again = null;
        try {
            const outcome = await this.pos.loyaltySidecar.redeem(this.order, press);
            if (outcome.ok) {
                this.props.close();
                return;
            }
            this.state.message = outcome.message;
            if (outcome.retry) {
                this.state.again = press;
            } else {
                // Refused: another till may have been quicker, so show what is left.
                await this.pos.loyaltySidecar.refresh(this.order);
            }
        } finally {
            this.state.busy = "";
        }
    }
}
