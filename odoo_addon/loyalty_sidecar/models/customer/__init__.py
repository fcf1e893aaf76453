from . import history, res_partner
