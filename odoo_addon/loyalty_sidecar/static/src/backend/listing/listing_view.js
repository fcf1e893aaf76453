import { useEffect, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";

/**
 * Odoo's list over what the sidecar tells. With every load it asks whether that could be had: an empty list of a service
 * that is away must not look like a shop without members.
 */
export class LoyaltyListController extends ListController {
    static template = "loyalty_sidecar.ListView";

    setup() {
        super.setup();
        this.loyalty = useState({ message: "" });
        useEffect(
            () => {
                this.askState();
            },
            () => [this.model.root]
        );
    }

    async askState() {
        try {
            const { ok, message } = await this.orm.silent.call(
                this.props.resModel,
                "loyalty_sidecar_state",
                [],
                { context: this.props.context }
            );
            this.loyalty.message = ok ? "" : message;
        } catch {
            this.loyalty.message = _t("The loyalty service could not be asked.");
        }
    }

    /** Whether the sidecar has more rows than a list holds. */
    get isIncomplete() {
        const records = this.model.root.records || [];
        return records.some((record) => record.data.is_incomplete);
    }

    /** The order of a row is known here: to ask for it by the row's number would read the rows of all years. */
    async openRecord(record, options = {}) {
        const order = record.data.order_id;
        if (this.archInfo.openAction?.action !== "action_open_order" || !order) {
            return super.openRecord(...arguments);
        }
        await this.actionService.doAction(
            { type: "ir.actions.act_window", res_model: "pos.order", res_id: order.id, views: [[false, "form"]] },
            { newWindow: options.newWindow }
        );
    }

    get noContentHelp() {
        return this.loyalty.message ? "" : this.props.info.noContentHelp;
    }
}

registry.category("views").add("loyalty_sidecar_list", {
    ...listView,
    Controller: LoyaltyListController,
});
