from . import res_config_settings, connection_test
