"""The trial being run, as pages over a database; every rule is a call into the packages above.

Importing it starts Django with `calor.web.settings`, so that models and services work in a shell, a worker or a server.
"""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "calor.web.settings")
django.setup()
