import { describe, expect, test } from "@odoo/hoot";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { RewardFollower } from "@loyalty_sidecar/app/services/reward_follower";
import { HOLD, openTill, redeemed } from "./till";

definePosModels();

describe("a service that is away", () => {
    // The kind of the failure, and whether the same question is kept to be asked again.
    const CASES = [
        ["offline", true],
        ["timeout", true],
        ["unavailable", true],
        ["unreachable", false],
        ["not_configured", false],
        ["unauthorized", false],
        ["bad_address", false],
        ["tls_failed", false],
        ["not_a_sidecar", false],
    ];

    test("the reward stays as it is, and is asked about again", async () => {
        const till = await openTill();
        for (const [kind, isKept] of CASES) {
            const { order, sidecar, told } = redeemed(till);
            const pos = { loyaltySidecar: sidecar, data: { network: { offline: false } }, models: till.store.models };
            sidecar.draftOf = () => ({});
            sidecar.call = async () => ({ ok: false, error: { kind, message: "words" } });
            order.lines[0].setQuantity(3);
            const before = order.loyaltyHolds[HOLD];
            expect(await new RewardFollower(pos).ask(order, HOLD)).toBe(false, { message: kind });
            const grant = order.loyaltyHolds[HOLD];
            expect(Boolean(grant.pending)).toBe(isKept, { message: `${kind}: the question` });
            expect([grant.basis, grant.ended]).toEqual([before.basis, undefined], { message: kind });
            expect(told.takenOff).toEqual([], { message: kind });
        }
    });
});
