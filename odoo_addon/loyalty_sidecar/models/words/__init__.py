from . import connection, explanation, numbers, refusals
