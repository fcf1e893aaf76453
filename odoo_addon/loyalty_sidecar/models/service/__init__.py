from . import loyalty_sidecar, access, settings, after_commit, program_company
