from . import explanation, numbers
