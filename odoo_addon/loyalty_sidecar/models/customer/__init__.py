from . import res_partner, correction, history, points_column
