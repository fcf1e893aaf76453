import { Component, onMounted, useState } from "@odoo/owl";
import { formatPoints, hasPoints } from "@loyalty_sidecar/common/points";
import { formatDate, formatDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

const { DateTime } = luxon;

/** The ledger of one customer, newest first, as the sidecar tells it. Nothing here can be edited. */
export class LoyaltyHistory extends Component {
    static template = "loyalty_sidecar.History";
    static components = { Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.formatPoints = formatPoints;
        this.hasPoints = hasPoints;
        this.display = { controlPanel: {} };
        // `open` is the entry being explained, `explanations` what was answered, by entry.
        this.state = useState({
            status: "loading",
            message: "",
            entries: [],
            next: null,
            open: "",
            explanations: {},
        });
        onMounted(() => this.load());
    }

    get partnerId() {
        return this.props.action.context.active_id;
    }

    async load(before = null) {
        this.state.status = "loading";
        let answer;
        try {
            answer = await this.orm.call("res.partner", "loyalty_sidecar_history", [
                [this.partnerId],
                null,
                before,
            ]);
        } catch (error) {
            this.state.status = "failed";
            this.state.message = _t("The history could not be read.");
            throw error;
        }
        if (!answer.ok) {
            this.state.status = "failed";
            this.state.message = answer.error.message;
            return;
        }
        this.state.status = "ready";
        this.state.entries = before ? [...this.state.entries, ...answer.entries] : answer.entries;
        this.state.next = answer.next;
    }

    /** A press on an entry unfolds why it is what it is; another press folds it. */
    async explain(entry) {
        const id = entry.entry_id;
        this.state.open = this.state.open === id ? "" : id;
        if (!this.state.open || this.state.explanations[id]?.ok) {
            return;
        }
        this.state.explanations[id] = { loading: true };
        try {
            this.state.explanations[id] = await this.orm.call(
                "res.partner",
                "loyalty_sidecar_explain",
                [[this.partnerId], id]
            );
        } catch (error) {
            this.state.explanations[id] = {
                ok: false,
                error: { message: _t("The entry could not be explained.") },
            };
            throw error;
        }
    }

    lotText(lot) {
        const points = this.signed(lot.points);
        if (!lot.expires_at) {
            return _t("%s in the lot without an end", points);
        }
        // The instant at which they are gone; people are told the last day they hold.
        const last = DateTime.fromISO(lot.expires_at).minus({ seconds: 1 });
        return _t("%(points)s in the lot that ends after %(date)s", {
            points,
            date: formatDate(last),
        });
    }

    /** Another entry in words: those shown have a name, older ones their number alone. */
    entryText(entryId) {
        const entry = this.state.entries.find((each) => each.entry_id === entryId);
        return entry
            ? `${entry.kind_label} ${this.signed(entry.points)}, ${this.formatTime(entry.occurred_at)}`
            : entryId;
    }

    formatTime(iso) {
        return formatDateTime(DateTime.fromISO(iso));
    }

    signed(points) {
        return Number(points) > 0 ? `+${formatPoints(points)}` : formatPoints(points);
    }

    colour(points) {
        return { "text-danger": Number(points) < 0, "text-success": Number(points) > 0 };
    }

    openDocument(entry) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: entry.document.model,
            res_id: entry.document.id,
            views: [[false, "form"]],
        });
    }
}

registry.category("actions").add("loyalty_sidecar.history", LoyaltyHistory);
