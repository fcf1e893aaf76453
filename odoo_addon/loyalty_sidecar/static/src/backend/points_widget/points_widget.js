import { Component, onMounted, onWillUpdateProps, useState } from "@odoo/owl";
import { LoyaltyAdjustDialog } from "@loyalty_sidecar/backend/adjust_dialog/adjust_dialog";
import { formatPoints, hasPoints, nameOfPoints } from "@loyalty_sidecar/common/points";
import { browser } from "@web/core/browser/browser";
import { formatDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

const { DateTime } = luxon;

// A page that is never idle gets its points nevertheless.
const PATIENCE_MS = 500;

/** Call in a task of its own, once the page has been painted and is idle: idle time is for all who wait for it. */
function whenIdle(callback) {
    if (window.requestIdleCallback) {
        window.requestIdleCallback(() => browser.setTimeout(callback), { timeout: PATIENCE_MS });
    } else {
        // Safari knows no idle time.
        browser.setTimeout(callback, PATIENCE_MS / 10);
    }
}

/**
 * The customer's points per program, read-only.
 *
 * It asks once the form has been painted and the page has nothing else to do, so the form opens at once whatever the
 * sidecar does: the answer, and drawing it, come after the user can work.
 */
export class LoyaltyPointsWidget extends Component {
    static template = "loyalty_sidecar.PointsWidget";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        // Paging through customers faster than the answers arrive must not show another's points.
        this.keepLast = new KeepLast();
        this.state = useState({ status: "loading", message: "", programs: [], canAdjust: false });
        this.dialog = useService("dialog");
        this.nameOfPoints = nameOfPoints;
        this.formatPoints = formatPoints;
        this.hasPoints = hasPoints;
        onMounted(() => this.ask(this.props.record.resId));
        onWillUpdateProps((nextProps) => {
            if (nextProps.record.resId !== this.partnerId) {
                this.ask(nextProps.record.resId);
            }
        });
    }

    /** Ask for this customer's points when the page has time; of a form that is gone by then, Odoo asks nothing. */
    ask(partnerId) {
        this.partnerId = partnerId;
        if (partnerId) {
            this.state.status = "loading";
            whenIdle(() => this.partnerId === partnerId && this.load(partnerId));
        }
    }

    async load(partnerId) {
        this.state.status = "loading";
        let answer;
        try {
            answer = await this.keepLast.add(
                this.orm.silent.call("res.partner", "loyalty_sidecar_points", [[partnerId]])
            );
        } catch {
            // The form is fine without this block: no error dialog over it.
            answer = { ok: false, error: { message: _t("The points could not be read.") } };
        }
        if (partnerId !== this.partnerId) {
            // The form has gone on to somebody who has not been asked for yet.
            return;
        }
        this.state.status = answer.ok ? "ready" : "failed";
        this.state.message = answer.ok ? "" : answer.error.message;
        this.state.programs = answer.ok ? answer.programs : [];
        this.state.canAdjust = answer.ok && answer.can_adjust;
    }

    /** For managers: the server says who is one, and asks again when it is done. */
    adjust() {
        const partnerId = this.partnerId;
        this.dialog.add(LoyaltyAdjustDialog, {
            partnerId,
            name: this.props.record.data.display_name || this.props.record.data.name || "",
            onDone: () => this.partnerId === partnerId && this.load(partnerId),
        });
    }

    async openHistory() {
        this.action.doAction(
            await this.orm.call("res.partner", "action_loyalty_sidecar_history", [[this.partnerId]])
        );
    }

    heldText(program) {
        return _t("%s reserved", formatPoints(program.held));
    }

    expiryText(expiring) {
        // The instant at which they are gone; people are told the last day they hold.
        const last = DateTime.fromISO(expiring.on).minus({ seconds: 1 });
        return _t("%(points)s valid until %(date)s", {
            points: formatPoints(expiring.points),
            date: formatDate(last),
        });
    }
}

registry.category("view_widgets").add("loyalty_sidecar_points", {
    component: LoyaltyPointsWidget,
});
