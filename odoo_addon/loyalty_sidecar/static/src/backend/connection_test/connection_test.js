import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/**
 * Tests the connection with what is typed, before anything is saved, and answers beside the fields.
 */
export class LoyaltyConnectionTest extends Component {
    static template = "loyalty_sidecar.ConnectionTest";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ status: "idle", outcomes: [] });
    }

    async test() {
        const { record } = this.props;
        this.state.status = "asking";
        this.state.outcomes = [];
        try {
            // Has every field give what is typed in it.
            await record.isDirty();
            const { data } = record;
            this.state.outcomes = await this.orm.call("res.config.settings", "loyalty_sidecar_test", [
                data.loyalty_sidecar_url || "",
                data.loyalty_sidecar_token || "",
                data.loyalty_sidecar_manager_token || "",
                data.loyalty_sidecar_timeout_ms || 0,
            ]);
        } catch (error) {
            this.state.outcomes = [
                { level: "danger", message: _t("Odoo could not test the connection. Try again.") },
            ];
            throw error;
        } finally {
            this.state.status = "done";
        }
    }

    icon(level) {
        return { success: "fa-check", warning: "fa-exclamation-triangle", danger: "fa-times" }[level];
    }
}

registry.category("view_widgets").add("loyalty_sidecar_test", {
    component: LoyaltyConnectionTest,
});
