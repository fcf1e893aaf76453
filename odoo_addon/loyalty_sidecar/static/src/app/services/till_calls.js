import { wordsForOffline, wordsForUnread } from "@loyalty_sidecar/app/utils/words";
import { ConnectionLostError } from "@web/core/network/rpc";

/** Of these failures nobody knows whether the service has done what it was asked. */
export const IN_DOUBT = ["offline", "timeout", "unavailable"];
/** What may be asked again as it is: the service was not reached, or has not answered. */
export const MAY_TRY_AGAIN = ["offline", "unreachable", "timeout", "unavailable"];
/** Failures that say nothing of the reward: there is no service to ask. */
export const IS_AWAY = [
    ...MAY_TRY_AGAIN,
    "not_configured",
    "unauthorized",
    "bad_address",
    "tls_failed",
    "not_a_sidecar",
];

/** Call a method of this till's pos.config; failing is a value, as the server's own are. */
export async function callTill(pos, method, args) {
    try {
        return await pos.data.call("pos.config", method, [[pos.config.id], ...args]);
    } catch (error) {
        if (error instanceof ConnectionLostError) {
            return { ok: false, error: { kind: "offline", message: wordsForOffline() } };
        }
        return { ok: false, error: { kind: "refused", message: error.data?.message || wordsForUnread() } };
    }
}
