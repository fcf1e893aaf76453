import { Component, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useAutofocus, useService } from "@web/core/utils/hooks";

/** A manager notes what was done about one or more exceptions. */
export class LoyaltyResolveDialog extends Component {
    static template = "loyalty_sidecar.ResolveDialog";
    static components = { Dialog };
    static props = { ids: Array, onDone: Function, close: Function };

    setup() {
        this.orm = useService("orm");
        this.note = useAutofocus({ refName: "note" });
        this.state = useState({ note: "", saving: false, message: "" });
    }

    get title() {
        return this.props.ids.length === 1
            ? _t("Resolve the exception")
            : _t("Resolve %s exceptions", this.props.ids.length);
    }

    async save() {
        if (!this.state.note.trim() || this.state.saving) {
            return;
        }
        this.state.saving = true;
        this.state.message = "";
        try {
            const answer = await this.orm.call("loyalty.sidecar.exception", "loyalty_sidecar_resolve", [
                this.props.ids,
                this.state.note,
            ]);
            if (!answer.ok) {
                this.state.message = answer.error.message;
                return;
            }
        } finally {
            this.state.saving = false;
        }
        this.props.onDone();
        this.props.close();
    }
}

/** What the button *Resolve* of list and form comes to. */
async function resolve(env, action) {
    const { ids } = action.params;
    if (!ids.length) {
        env.services.notification.add(_t("These exceptions are resolved already."), { type: "info" });
        return;
    }
    env.services.dialog.add(LoyaltyResolveDialog, {
        ids,
        onDone: () => env.services.action.doAction({ type: "ir.actions.client", tag: "soft_reload" }),
    });
}

registry.category("actions").add("loyalty_sidecar.resolve", resolve);
