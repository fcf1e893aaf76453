import { Component, onMounted, useState } from "@odoo/owl";
import { formatPoints, pointsInWords } from "@loyalty_sidecar/common/points";
import { formatDate, formatDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

const { DateTime } = luxon;

/**
 * The ledger of one customer, newest first, as the sidecar tells it: one program, or all of them with a column of
 * balances each. Nothing here can be edited.
 */
export class LoyaltyHistory extends Component {
    static template = "loyalty_sidecar.History";
    static components = { Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        // A choice of program made while another is still asked for must not show the other's entries.
        this.keepLast = new KeepLast();
        this.formatPoints = formatPoints;
        this.display = { controlPanel: {} };
        // `open` is the entry being explained, `explanations` what was answered, by entry.
        this.state = useState({
            status: "loading",
            message: "",
            program: "",
            programs: [],
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

    /** The programs that have a column of balances: the chosen one, or all that are on the page. */
    get columns() {
        const shown = new Set(this.state.entries.map((entry) => entry.program));
        const named = this.state.programs.filter(({ program }) => shown.has(program));
        // A program that the customer has points in no more is known by its entries alone.
        for (const entry of this.state.entries) {
            if (!named.some(({ program }) => program === entry.program)) {
                named.push({ program: entry.program, name: entry.program_name, points_name: entry.points_name });
            }
        }
        return named;
    }

    choose(program) {
        this.state.program = program;
        this.state.entries = [];
        this.state.next = null;
        this.state.open = "";
        return this.load();
    }

    async load(before = null) {
        this.state.status = "loading";
        let answer;
        try {
            answer = await this.keepLast.add(
                this.orm.call("res.partner", "loyalty_sidecar_history", [
                    [this.partnerId],
                    this.state.program || null,
                    before,
                ])
            );
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
        this.state.programs = answer.programs;
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

    lotText(lot, entry) {
        const figures = { points: this.signed(lot.points, entry.points_name) };
        if (!lot.expires_at) {
            return _t("%(points)s without an end date", figures);
        }
        // The instant at which they are gone; people are told the last day they hold.
        figures.date = formatDate(DateTime.fromISO(lot.expires_at).minus({ seconds: 1 }));
        return _t("%(points)s valid until %(date)s", figures);
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

    signed(points, name) {
        const text = name ? pointsInWords(points, name) : formatPoints(points);
        return Number(points) > 0 ? `+${text}` : text;
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
