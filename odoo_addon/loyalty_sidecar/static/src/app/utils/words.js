import { _t } from "@web/core/l10n/translation";

/** Said wherever the till has no network. */
export function wordsForOffline() {
    return _t("The till is offline. Selling works; points can be redeemed when it is online again.");
}

/** Odoo failed without saying why. */
export function wordsForUnread() {
    return _t("The loyalty points could not be read.");
}

/** Why rewards were taken off an order: no more room, no more than a "share", "over", or "refused" for a reason. */
export function wordsForTakenOff(why, names, reason) {
    if (why === "share") {
        return _t(
            "Taken off, because points may pay only a part of an order, and this order is too small for it: %s. The points are free again.",
            names
        );
    }
    if (why === "over") {
        return _t(
            "Taken off, because its reservation has ended and cannot be renewed now: %s. Redeem again when the loyalty service answers.",
            names
        );
    }
    if (why === "refused") {
        return _t("Taken off: %(names)s. %(reason)s", { names, reason });
    }
    return _t(
        "Taken off, because the order no longer has what it was given for: %s. The points are free again.",
        names
    );
}
