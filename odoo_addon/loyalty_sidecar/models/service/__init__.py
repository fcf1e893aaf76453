from . import loyalty_sidecar, settings, after_commit, program_company
