"""Django's settings; what differs between installations comes from the environment.

CALOR_DATABASE  sqlite:///path or postgresql://user:password@host:port/name (default: calor.sqlite3 where it is started)
CALOR_KEY_FILE  the master key, outside the database; see `calor.web.keys`
CALOR_HOSTS     host names that the pages answer to, with commas between
"""

from __future__ import annotations

import os
from typing import Any

from calor.web.database import database
from calor.web.keys import session_secret

DATABASES: dict[str, dict[str, Any]] = {
    "default": database(os.environ.get("CALOR_DATABASE", "sqlite:///calor.sqlite3"))
}
SECRET_KEY = session_secret()
DEBUG = False
ALLOWED_HOSTS = os.environ.get("CALOR_HOSTS", "localhost,127.0.0.1").split(",")
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "calor.web.apps.CalorWebConfig",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
ROOT_URLCONF = "calor.web.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = "CALOR_PLAIN_HTTP" not in os.environ
SESSION_COOKIE_AGE = 30 * 60
SESSION_SAVE_EVERY_REQUEST = True
X_FRAME_OPTIONS = "DENY"
