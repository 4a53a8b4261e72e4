"""The application for a production server, behind a TLS proxy; it refuses to start unsafely."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from calor.web.production import refuse_unsafe

refuse_unsafe(settings, os.environ)
application = get_wsgi_application()
