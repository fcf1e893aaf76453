from . import test_access
from . import test_customer_form
from . import test_pos_order
from . import test_sidecar_client
from . import test_test_connection
from . import test_till
from . import test_translations
