from . import loyalty_sidecar, program_company
