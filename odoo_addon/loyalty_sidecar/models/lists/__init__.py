from . import (
    listing,
    loyalty_sidecar_exception,
    loyalty_sidecar_member,
    loyalty_sidecar_program,
    loyalty_sidecar_redemption,
)
