import { Component, onWillStart, useState } from "@odoo/owl";
import { formatPoints, pointsInWords } from "@loyalty_sidecar/common/points";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { parseFloat } from "@web/views/fields/parsers";

/** A manager adds points to a customer, or takes them, with a reason. */
export class LoyaltyAdjustDialog extends Component {
    static template = "loyalty_sidecar.AdjustDialog";
    static components = { Dialog };
    static props = { partnerId: Number, name: String, onDone: Function, close: Function };

    setup() {
        this.orm = useService("orm");
        this.notification = useService("notification");
        this.formatPoints = formatPoints;
        // One for this dialog: however often the button is pressed, the points change once.
        this.key = crypto.randomUUID();
        this.state = useState({ status: "loading", message: "", programs: [], program: "", points: "", reason: "" });
        onWillStart(() => this.load());
    }

    async load() {
        const answer = await this.orm.call("res.partner", "loyalty_sidecar_programs", [[this.props.partnerId]]);
        this.state.status = answer.ok ? "ready" : "failed";
        this.state.message = answer.ok ? "" : answer.error.message;
        this.state.programs = answer.ok ? answer.programs : [];
        this.state.program = this.state.programs[0]?.program || "";
    }

    get program() {
        return this.state.programs.find(({ program }) => program === this.state.program);
    }

    /** What is typed, in the user's notation, as hundredths; null if it is no number of points. */
    get hundredths() {
        let points;
        try {
            points = parseFloat(this.state.points.trim());
        } catch {
            return null;
        }
        const hundredths = Math.round(points * 100);
        const exact = Math.abs(points * 100 - hundredths) < 1e-6 && Number.isSafeInteger(hundredths);
        return this.state.points.trim() && exact && hundredths !== 0 ? hundredths : null;
    }

    get problem() {
        if (this.state.points.trim() && this.hundredths === null) {
            return _t("Enter a number with two decimals at most, e.g. 50 or -20.");
        }
        return "";
    }

    get canSave() {
        return this.program && this.hundredths !== null && this.state.reason.trim() && this.state.status !== "saving";
    }

    get after() {
        const balance = Number(this.program.balance) + this.hundredths / 100;
        return `${formatPoints(this.program.balance)} ${this.hundredths < 0 ? "−" : "+"} ${formatPoints(
            Math.abs(this.hundredths) / 100
        )} = ${pointsInWords(balance, this.program.points_name)}`;
    }

    async save() {
        if (!this.canSave) {
            return;
        }
        this.state.status = "saving";
        this.state.message = "";
        let answer;
        try {
            answer = await this.orm.call("res.partner", "loyalty_sidecar_adjust", [
                [this.props.partnerId],
                this.key,
                this.program.program,
                (this.hundredths / 100).toFixed(2),
                this.state.reason,
            ]);
        } catch (error) {
            this.state.status = "ready";
            throw error;
        }
        if (!answer.ok) {
            this.state.status = "ready";
            this.state.message = answer.error.message;
            if (!["timeout", "unavailable", "unreachable"].includes(answer.error.kind)) {
                // It was refused, which is remembered under the key: what is sent next is something new.
                this.key = crypto.randomUUID();
            }
            return;
        }
        this.notification.add(
            _t("%(name)s now has %(points)s.", {
                name: this.props.name,
                points: pointsInWords(answer.result.balance, this.program.points_name),
            }),
            { type: "success" }
        );
        this.props.onDone();
        this.props.close();
    }
}
