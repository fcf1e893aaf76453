from . import service, words, lists, customer, pos, settings
