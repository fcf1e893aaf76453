import { Component, onWillStart, useState } from "@odoo/owl";
import { formatPoints, hasPoints } from "@loyalty_sidecar/common/points";
import { usePos } from "@point_of_sale/app/hooks/pos_hook";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";

/** The rewards of the customer's programs; those that cannot be had say why. */
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
        this.hasPoints = hasPoints;
        // `typed` are the points wanted of rewards by the point; untouched, they take the maximum.
        this.state = useState({ status: "loading", message: "", busy: "", again: null, typed: {} });
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

    async load() {
        this.state.status = "loading";
        this.state.message = "";
        this.state.again = null;
        const known = await this.pos.loyaltySidecar.refresh(this.order);
        this.state.status = known?.status || "failed";
        this.state.message = known ? known.message : _t("The order changed meanwhile.");
    }

    formatDiscount(reward) {
        return this.env.utils.formatCurrency(Number(reward.discount));
    }

    press(program, reward) {
        return this.redeem({
            key: this.pos.loyaltySidecar.newKey(),
            program,
            reward,
            points: this.state.typed[reward.reward] || undefined,
        });
    }

    type(reward, event) {
        this.state.typed[reward.reward] = event.target.value.trim();
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
